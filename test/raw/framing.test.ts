import { request } from './request.js'
import { describeRows, type Row } from './rows.js'

/** A whole request that an attacker hopes a laxer reader takes for a message of its own. */
const smuggled = request({ method: 'GET', target: '/v1/models?smuggled', body: '' })

describeRows('Content-Length', [
  ...[
    '+2',
    '-2',
    '0x2',
    '2 2',
    '2,2',
    '2, 2',
    '2.0',
    '2e0',
    '',
    'two',
    '１',
    '18446744073709551616',
    '9'.repeat(40),
  ].map(
    (length): Row => ({
      name: `"${length.slice(0, 20)}" is refused`,
      bytes: request({ framing: [`content-length: ${length}`] }),
      verdicts: ['host 400'],
      closes: true,
    }),
  ),
  {
    name: 'twice and different is refused',
    bytes: request({ framing: ['content-length: 2', 'content-length: 0'], body: `{}${smuggled}` }),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'twice and equal is refused',
    bytes: request({ framing: ['content-length: 2', 'Content-Length: 2'] }),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'with leading zeros is a number',
    bytes: request({ framing: ['content-length: 002'] }),
    verdicts: ['forwarded'],
  },
  {
    name: 'with spaces around it is a number',
    bytes: request({ framing: ['content-length:   2  '] }),
    verdicts: ['forwarded'],
  },
  {
    name: 'of 0 goes up as no body',
    bytes: request({ body: '' }),
    verdicts: ['forwarded'],
    upstream: [{ body: '' }],
  },
  {
    name: 'absent goes up as no body',
    bytes: request({ framing: [], body: '' }),
    verdicts: ['forwarded'],
    upstream: [{ body: '' }],
  },
  {
    name: 'over the limit is refused before the body has come',
    bytes: request({ framing: ['content-length: 1001'], body: '' }),
    verdicts: ['proxy 413'],
  },
  {
    name: 'on a GET is read and dropped',
    bytes: request({ method: 'GET', target: '/v1/models', body: 'GET /evil HTTP/1.1\r\n\r\n' }),
    verdicts: ['forwarded'],
    upstream: [{ line: 'GET /v1/models', body: null }],
  },
])

describeRows('Transfer-Encoding', [
  {
    name: 'chunked is undone, and the body goes up with its length',
    bytes: request({ framing: ['transfer-encoding: chunked'], body: '1\r\n{\r\n1\r\n}\r\n0\r\n\r\n' }),
    verdicts: ['forwarded'],
  },
  {
    name: 'Chunked in capitals is the same',
    bytes: request({ framing: ['Transfer-Encoding: CHUNKED'], body: '2\r\n{}\r\n0\r\n\r\n' }),
    verdicts: ['forwarded'],
  },
  {
    name: 'beside Content-Length (CL.TE) is refused',
    bytes: request({ framing: ['content-length: 5', 'transfer-encoding: chunked'], body: `0\r\n\r\n${smuggled}` }),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'before Content-Length (TE.CL) is refused',
    bytes: request({
      framing: ['transfer-encoding: chunked', 'content-length: 4'],
      body: `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    }),
    verdicts: ['host 400'],
    closes: true,
  },
  ...[
    ...['xchunked', 'identity', 'chunked;q=1', 'chunked, gzip', 'chunked, identity', 'gzip', 'chunkedx', '"chunked"'],
    ...['chunked, chunked', 'chunked,', ''],
  ].map(
    (coding): Row => ({
      name: `"${coding}" is refused`,
      bytes: request({ framing: [`transfer-encoding: ${coding}`], body: `2\r\n{}\r\n0\r\n\r\n${smuggled}` }),
      verdicts: ['host 400'],
      closes: true,
    }),
  ),
  ...['gzip, chunked', 'identity, chunked', ', chunked', 'gzip,chunked'].map(
    (coding): Row => ({
      name: `"${coding}", of which the host undoes the chunking alone, is refused`,
      bytes: request({ framing: [`transfer-encoding: ${coding}`], body: `2\r\n{}\r\n0\r\n\r\n` }),
      verdicts: ['proxy 501'],
    }),
  ),
  {
    name: 'on two lines is refused',
    bytes: request({
      framing: ['transfer-encoding: gzip', 'transfer-encoding: chunked'],
      body: '2\r\n{}\r\n0\r\n\r\n',
    }),
    verdicts: ['proxy 501'],
  },
  {
    name: 'on two lines, chunked first, is refused',
    bytes: request({
      framing: ['transfer-encoding: chunked', 'transfer-encoding: identity'],
      body: '2\r\n{}\r\n0\r\n\r\n',
    }),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'with a space before the colon is refused',
    bytes: request({ framing: ['transfer-encoding : chunked'], body: '0\r\n\r\n' }),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'with a vertical tab before the coding is refused',
    bytes: request({ framing: ['transfer-encoding: \x0bchunked'], body: '0\r\n\r\n' }),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'spelled with an underscore is no framing',
    bytes: request({ framing: ['transfer_encoding: chunked', 'content-length: 2'] }),
    verdicts: ['forwarded'],
  },
  {
    name: 'on a GET is read and dropped',
    bytes: request({
      method: 'GET',
      target: '/v1/models',
      framing: ['transfer-encoding: chunked'],
      body: '3\r\nabc\r\n0\r\n\r\n',
    }),
    verdicts: ['forwarded'],
    upstream: [{ line: 'GET /v1/models', body: null }],
  },
  {
    name: 'in HTTP/1.0 is the last of its connection (RFC 9112 section 6.1)',
    bytes: request({ version: 'HTTP/1.0', framing: ['transfer-encoding: chunked'], body: '2\r\n{}\r\n0\r\n\r\n' }),
    verdicts: ['forwarded'],
    closes: true,
  },
])

/** A chunked request with this body. */
const chunked = (body: string, headers: readonly string[] = []) =>
  request({ headers, framing: ['transfer-encoding: chunked'], body })

describeRows('chunks', [
  {
    name: 'may have extensions, which are dropped',
    bytes: chunked('2;a=b;c="d"\r\n{}\r\n0;e\r\n\r\n'),
    verdicts: ['forwarded'],
  },
  { name: 'may have sizes with leading zeros', bytes: chunked('0002\r\n{}\r\n000\r\n\r\n'), verdicts: ['forwarded'] },
  {
    name: 'over the limit altogether are refused',
    bytes: chunked(`${`64\r\n${'a'.repeat(100)}\r\n`.repeat(11)}0\r\n\r\n`),
    verdicts: ['proxy 413'],
  },
  ...[
    ['a size in no hexadecimal', 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a size with 0x', '0x2\r\n{}\r\n0\r\n\r\n'],
    ['a negative size', '-2\r\n{}\r\n0\r\n\r\n'],
    ['a signed size', '+2\r\n{}\r\n0\r\n\r\n'],
    ['an empty size', '\r\n{}\r\n0\r\n\r\n'],
    ['a size that overflows', '10000000000000002\r\n{}\r\n0\r\n\r\n'],
    ['a size with a space before it', ' 2\r\n{}\r\n0\r\n\r\n'],
    ['a size that ends in a bare LF', '2\n{}\r\n0\r\n\r\n'],
    ['an extension with a bare LF', '2;a\nb\r\n{}\r\n0\r\n\r\n'],
    ['more bytes than its size', '1\r\n{}\r\n0\r\n\r\n'],
    ['data that ends in a bare LF', '2\r\n{}\n0\r\n\r\n'],
    ['data without a line end', '2\r\n{}0\r\n\r\n'],
  ].map(
    ([what, body]): Row => ({
      name: `with ${what} are refused`,
      bytes: chunked(body! + smuggled),
      verdicts: ['host 400'],
      closes: true,
    }),
  ),
  {
    name: 'may be followed by trailers, which are dropped',
    bytes: chunked(
      '2\r\n{}\r\n0\r\nauthorization: Bearer sk-ant-FAKE\r\nx-api-key: sk-ant-FAKE\r\nanthropic-beta: from-trailer\r\n\r\n',
      ['trailer: authorization, x-api-key'],
    ),
    verdicts: ['forwarded'],
  },
  {
    name: 'may not be followed by a length',
    bytes: chunked('2\r\n{}\r\n0\r\ncontent-length: 9\r\n\r\n'),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'may not be followed by a trailer with a space before its colon',
    bytes: chunked('2\r\n{}\r\n0\r\nx-a : b\r\n\r\n'),
    verdicts: ['host 400'],
    closes: true,
  },
])

describeRows('lines', [
  ...[
    ['a folded header', 'x-app: a\r\n folded'],
    ['a folded framing header', 'transfer-encoding:\r\n chunked'],
    ['a folded credential', 'authorization: Bearer\r\n\tsk-ant-FAKE'],
    ['a bare CR in a value', 'x-app: a\rx-api-key: b'],
    ['a bare LF between headers', 'x-app: a\nx-api-key: b'],
    ['a NUL in a value', 'x-app: a\0b'],
    ['a NUL in a name', 'x-a\0pp: b'],
    ['a space before the colon', 'x-app : a'],
    ['a tab before the colon', 'x-app\t: a'],
    ['a header without a colon', 'x-app'],
    ['an empty name', ': a'],
    ['a space within a name', 'x app: a'],
    ['a control character in a value', 'x-app: a\x01b'],
    ['a DEL in a value', 'x-app: a\x7fb'],
    ['a byte over 7F in a name', 'x-\xe4pp: a'],
    ['a parenthesis in a name', 'x-app(a): b'],
  ].map(
    ([what, line]): Row => ({
      name: `with ${what} are refused`,
      bytes: request({ headers: [line!] }),
      verdicts: ['host 400'],
      closes: true,
    }),
  ),
  {
    name: 'with white space before the first header are refused',
    bytes: `POST /v1/messages HTTP/1.1\r\n x-app: a\r\nhost: proxy.test\r\ncontent-length: 0\r\n\r\n`,
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'that all end in a bare LF are refused',
    bytes: request().replaceAll('\r\n', '\n'),
    verdicts: ['host 400'],
    closes: true,
  },
  {
    name: 'that end in a bare LF before the body are refused',
    bytes: request({ framing: [`content-length: 2\r\n\n${smuggled}`] }),
    verdicts: ['host 400'],
    closes: true,
  },
  { name: 'may be empty before a request', bytes: `\r\n\r\n${request()}`, verdicts: ['forwarded'] },
  {
    name: 'may hold bytes over 7F in a value, which pass as they are',
    bytes: request({ headers: ['x-app: caf\xe9 \xc3\xa9'] }),
    verdicts: ['forwarded'],
    upstream: [{ headers: ['content-type: application/json', 'x-app: caf\xe9 \xc3\xa9'] }],
  },
  {
    name: 'may hold tabs and empty values',
    bytes: request({ headers: ['x-app: a\tb', 'anthropic-beta:', 'accept:  \t '] }),
    verdicts: ['forwarded'],
    upstream: [{ headers: ['content-type: application/json', 'x-app: a\tb', 'anthropic-beta: ', 'accept: '] }],
  },
  {
    name: 'that no HTTP has are refused',
    bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03FAKE hello of TLS',
    verdicts: ['host 400'],
    closes: true,
  },
])
