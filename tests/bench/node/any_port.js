// Preloaded before a program of docs/node (`node --require`), so that several can run at a time: whatever port it asks
// for, it gets a free one on loopback, and both are printed: `8080  http://127.0.0.1:40123/`. SIGUSR2 prints how many
// timers are running.
const { Server } = require('node:net');

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...others) {
  this.once('listening', () => console.log(`${port}  http://127.0.0.1:${this.address().port}/`));
  return listen.call(this, 0, '127.0.0.1', others.find((other) => typeof other === 'function'));
};

process.on('SIGUSR2', () => {
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
  console.log(`timers  ${timers.length}`);
});
