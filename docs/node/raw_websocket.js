// A WebSocket server on nothing but `net`.
const { createHash } = require('node:crypto');
const net = require('node:net');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const server = net.createServer((socket) => {
  socket.once('data', (data) => {
    const text = data.toString();
    if (!/Upgrade: websocket/.test(text)) return;
    const rows = text.split('\r\n').slice(1, -2);
    const headers = {};
    for (const row of rows) {
      const [name, value] = row.split(': ');
      headers[name] = value;
    }
    if (headers['Sec-WebSocket-Version'] != 13) return;
    const wsKey = headers['Sec-WebSocket-Key'];
    const acceptKey = createHash('sha1').update(wsKey + GUID).digest('base64');
    const head = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      `Sec-WebSocket-Accept: ${acceptKey}`,
      'Connection: Upgrade',
      '\r\n',
    ];
    socket.write(head.join('\r\n'));
    socket.on('data', (buffers) => {
      const fin = (buffers[0] & 0b10000000) === 0b10000000;
      const opcode = buffers[0] & 0b00001111;
      const masked = buffers[1] & 0b100000000 === 0b100000000;
      const payloadLength = buffers[1] & 0b01111111;
      const mask = buffers.subarray(2, 6);
      const payload = buffers.subarray(6);
      unmask(payload, mask);
      const response = Buffer.alloc(2 + payload.length);
      response[0] = opcode | 0b10000000;
      response[1] = payload.length;
      payload.copy(response, 2);
      socket.write(response);
    });
  });
  socket.on('end', () => console.log('end'));
  socket.on('error', (error) => console.log('error', error.message));
  socket.on('close', () => console.log('close'));
});

function unmask(buffer, mask) {
  for (let i = 0; i < buffer.length; i++) {
    buffer[i] ^= mask[i & 3];
  }
}

server.listen(9999);
