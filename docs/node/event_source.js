// An event stream, written by hand.
const express = require('express');

const app = express();
// One counter, and every connection's timer moves it on.
let count = 1;
app.use(express.static(__dirname));
app.get('/eventSource', (request, response) => {
  response.header('Content-Type', 'text/event-stream');
  setInterval(() => {
    response.write(`event:message\nid:${count++}\ndata:${Date.now()}\n\n`);
  }, 1000);
});
app.listen(8888);
