// The long-polling server the tutorial leaves to the reader, on express: answers are kept until something is published.
const { createServer } = require('node:http');
const express = require('express');

const app = express();
let held = [];
app.get('/poll', (request, response) => {
  held.push(response);
});
app.post('/publish', express.text({ type: () => true, limit: '1mb' }), (request, response) => {
  const waiting = held;
  held = [];
  response.status(204).end();
  for (const each of waiting) each.type('text').send(request.body);
});
require('./announce')(createServer(app));
