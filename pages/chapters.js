// The chapters of the book in their order. A page finds its number here and nowhere else; a test
// compares this list with the files in docs/.

export const chapters = [
  'http', 'polling', 'long_polling', 'iframe_stream', 'fetch_stream', 'event_source',
  'sse_stream', 'websocket', 'accept_key', 'raw_websocket', 'client', 'hub', 'proxy',
  'many_machines', 'claims',
];
