// Bun: its own HTTP server and WebSocket, one program for every load.
let held = [];
const streams = new Set();
const encoder = new TextEncoder();

function publish(message) {
  const waiting = held;
  held = [];
  for (const answer of waiting) answer(new Response(message));
  const event = encoder.encode(`data: ${message}\n\n`);
  for (const stream of streams) stream.enqueue(event);
  server.publish('news', message);
}

function events() {
  let own;
  const body = new ReadableStream({
    start(stream) {
      own = stream;
      streams.add(stream);
      // Bun sends the head with the first bytes, so a comment goes first.
      stream.enqueue(encoder.encode(':\n\n'));
    },
    cancel() {
      streams.delete(own);
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } });
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  async fetch(request, server) {
    const path = request.url.slice(request.url.indexOf('/', 7));
    switch (path) {
      case '/':
        return new Response(new Date().toLocaleTimeString());
      case '/poll':
        return new Promise((answer) => held.push(answer));
      case '/events':
        return events();
      case '/echo':
      case '/push':
        return server.upgrade(request, { data: { listens: path === '/push' } }) ? undefined : new Response('', { status: 400 });
      case '/publish':
        publish(await request.text());
        return new Response(null, { status: 204 });
      default:
        return new Response('', { status: 404 });
    }
  },
  websocket: {
    idleTimeout: 0,
    perMessageDeflate: false,
    open(socket) {
      if (socket.data.listens) socket.subscribe('news');
    },
    message(socket, message) {
      socket.send(message);
    },
  },
});
console.log(`data  http://127.0.0.1:${server.port}/\nsocket  ws://127.0.0.1:${server.port}/`);
