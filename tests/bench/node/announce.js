// Every peer takes a free port and prints where it is, for the benchmark to read.
module.exports = function announce(server, scheme = 'http') {
  server.listen(0, '127.0.0.1', () => {
    console.log(`${scheme === 'ws' ? 'socket' : 'data'}  ${scheme}://127.0.0.1:${server.address().port}/`);
  });
};
