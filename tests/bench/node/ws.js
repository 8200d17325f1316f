// The package ws in the tutorial's role: `/echo` answers each message, `/push` hears what is published.
// The tutorial prints every message as well; that is left out, to the package's advantage.
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1').on('data', (piece) => (body += piece)).on('end', () => {
    response.writeHead(204).end();
    for (const socket of sockets.clients) if (socket.listens) socket.send(body);
  });
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket, request) => {
  socket.listens = request.url === '/push';
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
});
require('./announce')(server, 'ws');
