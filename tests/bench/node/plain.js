// Node without a framework: the time, held requests and event streams on the `http` module alone.
const { createServer } = require('node:http');

let held = [];
const streams = new Set();

function publish(message) {
  const waiting = held;
  held = [];
  for (const response of waiting) {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(message) });
    response.end(message);
  }
  const event = `data: ${message}\n\n`;
  for (const response of streams) response.write(event);
}

const server = createServer((request, response) => {
  switch (request.url) {
    case '/poll':
      held.push(response);
      break;
    case '/events':
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      response.flushHeaders();
      streams.add(response);
      response.on('close', () => streams.delete(response));
      break;
    case '/publish': {
      let body = '';
      request.setEncoding('latin1').on('data', (piece) => (body += piece)).on('end', () => {
        response.writeHead(204).end();
        publish(body);
      });
      break;
    }
    default: {
      const time = new Date().toLocaleTimeString();
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': time.length });
      response.end(time);
    }
  }
});
require('./announce')(server);
