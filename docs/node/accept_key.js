// What the server answers to a key.
const { createHash } = require('node:crypto');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const key = process.argv[2] ?? 'IHfMdf8a0aQXbwQO1pkGdA==';
console.log(createHash('sha1').update(key + GUID).digest('base64'));
