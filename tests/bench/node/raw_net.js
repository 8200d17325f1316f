// The tutorial's WebSocket server on the bare `net` module, with its assumptions kept:
// one `data` event is one frame, every length fits seven bits, the mask always stands in bytes 2 to 5.
const crypto = require('node:crypto');
const net = require('node:net');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const server = net.createServer((socket) => {
  socket.once('data', (request) => {
    const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request.toString());
    if (!key) return socket.end();
    const accept = crypto.createHash('sha1').update(key[1] + GUID).digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
        `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('data', (frame) => {
      const mask = frame.slice(2, 6);
      const payload = frame.slice(6);
      for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
      const answer = Buffer.alloc(2 + payload.length);
      answer[0] = (frame[0] & 0x0f) | 0x80;
      answer[1] = payload.length;
      payload.copy(answer, 2);
      socket.write(answer);
    });
  });
  socket.on('error', () => socket.destroy());
});
require('./announce')(server, 'ws');
