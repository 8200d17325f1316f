// The same with a package that writes the fields, and a timer that ends with its connection.
const express = require('express');
// Its version 1.1 exports the class under a name; the usual line, without `.default`, fails.
const SseStream = require('ssestream').default;

const app = express();
let count = 1;
app.use(express.static(__dirname));
app.get('/eventSource', (request, response) => {
  const stream = new SseStream(request);
  stream.pipe(response);
  const timer = setInterval(() => {
    stream.write({
      id: count++,
      event: 'message',
      retry: 20000,
      data: { ts: new Date().toTimeString() },
    });
  }, 1000);
  response.on('close', () => {
    clearInterval(timer);
    stream.unpipe(response);
  });
});
app.listen(8888);
