// How many bytes something has on the wire, as far as a script can know.

export const sizeOf = text => new TextEncoder().encode(text).length;

const sizeOfFields = fields =>
  fields.reduce((size, [name, value]) => size + `${name}: ${value}\r\n`.length, 0);

// The head of an answer, written again from the fields a script may read. Of an answer from another
// origin those are few, so there it is the least it can have been.
export function sizeOfAnswerHead(response) {
  return `HTTP/1.1 ${response.status} ${response.statusText}\r\n\r\n`.length +
    sizeOfFields([...response.headers]);
}

// A script does not see its own request either. This writes down what a browser usually sends: a
// few bytes off, and the reason why the figure says "about".
export function sizeOfRequest(method, url, fields = {}, body = '') {
  const { host, pathname, search, origin } = new URL(url, location.href);
  const same = origin === location.origin, { userAgentData } = navigator;
  const brands = userAgentData?.brands.map(b => `"${b.brand}";v="${b.version}"`).join(', ');
  const head = {
    'Host': host, 'Connection': 'keep-alive', 'User-Agent': navigator.userAgent, 'Accept': '*/*',
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Accept-Language': navigator.languages.join(','),
    'Sec-Fetch-Site': same ? 'same-origin' : 'same-site',
    'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty',
    'Referer': same ? location.href : `${location.origin}/`,
    ...(!same || method === 'POST' ? { 'Origin': location.origin } : {}),
    ...(brands ? {
      'sec-ch-ua': brands, 'sec-ch-ua-mobile': '?0',
      'sec-ch-ua-platform': `"${userAgentData.platform}"`,
    } : {}),
    ...fields,
  };
  return `${method} ${pathname}${search} HTTP/1.1\r\n\r\n`.length + sizeOf(body) +
    sizeOfFields(Object.entries(head));
}

// What a frame adds to its payload: two bytes, the longer length, and from the browser the masking
// key (RFC 6455 §5.2).
export const frameHead = (length, masked) =>
  2 + (length < 126 ? 0 : length < 65536 ? 2 : 8) + (masked ? 4 : 0);
