// An answer that never ends, a script a second.
const express = require('express');

const app = express();
app.use(express.static(__dirname));
app.get('/clock', (request, response) => {
  // Nobody keeps this timer, so nobody can stop it.
  setInterval(() => {
    const time = new Date().toLocaleTimeString();
    response.write(`<script>parent.document.getElementById('clock').innerHTML = "${time}"</script>\n`);
  }, 1000);
});
app.listen(8080);
