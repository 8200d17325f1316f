// The time, for whoever asks. Everything in this folder can be had, too: also this file.
const express = require('express');

const app = express();
app.use(express.static(__dirname));
app.use((request, response) => {
  response.header('Access-Control-Allow-Origin', 'http://localhost:8000');
  response.end(new Date().toLocaleTimeString());
});
app.listen(8080);
