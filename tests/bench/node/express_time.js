// The tutorial's polling server: express, its static middleware first, then the time for whatever is asked.
const { createServer } = require('node:http');
const express = require('express');

const app = express();
app.use(express.static(__dirname));
app.use((request, response) => {
  response.header('Access-Control-Allow-Origin', 'http://localhost:8000');
  response.end(new Date().toLocaleTimeString());
});
require('./announce')(createServer(app));
