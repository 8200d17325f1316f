// A page from one port, its socket on another, with the package `ws`.
const express = require('express');
const path = require('node:path');
const { WebSocketServer } = require('ws');

const app = express();
app.get('/', (request, response) => response.sendFile(path.resolve(__dirname, 'index.html')));
app.listen(3000);

// Whichever page asks gets a socket.
const sockets = new WebSocketServer({ port: 8888 });
sockets.on('connection', (socket) => {
  console.log('连接成功');
  socket.on('message', (message) => {
    console.log('接收到客户端消息:' + message);
    socket.send('服务器回应:' + message);
  });
});
