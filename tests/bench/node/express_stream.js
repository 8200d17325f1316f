// The tutorial's event stream: express and the package ssestream. Where the tutorial runs one timer a connection,
// one publish writes to all, so that a delay can be measured.
const { createServer } = require('node:http');
const express = require('express');
const SseStream = require('ssestream').default ?? require('ssestream');

const app = express();
const streams = new Set();
let sent = 0;
app.get('/events', (request, response) => {
  const stream = new SseStream(request);
  stream.pipe(response);
  streams.add(stream);
  response.on('close', () => {
    streams.delete(stream);
    stream.unpipe(response);
  });
});
app.post('/publish', express.text({ type: () => true, limit: '1mb' }), (request, response) => {
  response.status(204).end();
  sent += 1;
  for (const stream of streams) stream.write({ id: sent, event: 'message', data: request.body });
});
require('./announce')(createServer(app));
