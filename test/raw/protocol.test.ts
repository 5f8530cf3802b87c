import { request } from './request.js'
import { describeRows, type Row } from './rows.js'

const models = { method: 'GET', target: '/v1/models', body: '', framing: [] }

describeRows('Expect', [
  ...['bogus', '200-ok', '100-continued', ''].map(
    (expectation): Row => ({
      name: `"${expectation}" is refused`,
      bytes: request({ headers: [`expect: ${expectation}`] }),
      verdicts: ['host 417'],
    }),
  ),
  {
    name: '100-continue with the body sent at once is no error',
    bytes: request({ headers: ['expect: 100-continue'] }),
    verdicts: ['forwarded'],
  },
  {
    name: '100-Continue in capitals is the same',
    bytes: request({ headers: ['Expect: 100-CONTINUE'] }),
    verdicts: ['forwarded'],
  },
  {
    name: '100-continue on a GET is no error',
    bytes: request({ ...models, headers: ['expect: 100-continue'] }),
    verdicts: ['forwarded'],
    upstream: [{ line: 'GET /v1/models', body: null }],
  },
])

describeRows('Upgrade', [
  {
    name: 'to websocket gets the plain answer',
    bytes: request({
      ...models,
      headers: [
        'connection: Upgrade',
        'upgrade: websocket',
        'sec-websocket-version: 13',
        'sec-websocket-key: RkFLRQ==',
      ],
    }),
    verdicts: ['forwarded'],
    upstream: [{ line: 'GET /v1/models', body: null }],
  },
  {
    name: 'to websocket on another path is not found',
    bytes: request({ ...models, target: '/ws', headers: ['connection: upgrade', 'upgrade: websocket'] }),
    verdicts: ['proxy 404'],
  },
  {
    name: 'to h2c gets the plain answer',
    bytes: request({
      headers: ['connection: Upgrade, HTTP2-Settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAARAAAAAAAIAAAAA'],
    }),
    verdicts: ['forwarded'],
  },
  {
    name: 'that no Connection names stays behind',
    bytes: request({ headers: ['upgrade: h2c'] }),
    verdicts: ['forwarded'],
  },
  {
    name: 'to TLS stays behind',
    bytes: request({ headers: ['connection: upgrade', 'upgrade: TLS/1.2'] }),
    verdicts: ['forwarded'],
  },
  {
    name: 'by the preface of HTTP/2 is refused',
    bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    verdicts: ['host 400'],
    closes: true,
  },
])

describeRows('the method', [
  ...['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH', 'QUERY', 'LINK'].map(
    (method): Row => ({
      name: `${method} is not available`,
      bytes: request({ method }),
      verdicts: ['proxy 404'],
    }),
  ),
  {
    name: 'HEAD is not available',
    bytes: request({ method: 'HEAD', framing: [], body: '' }),
    verdicts: ['proxy 404'],
  },
  ...['post', 'Post', 'POST2', 'FOO', 'POS T', 'P\0ST', '"POST"', 'TRACK'].map(
    (method): Row => ({
      name: `${JSON.stringify(method)} is refused`,
      bytes: request({ method }),
      verdicts: ['host 400'],
      closes: true,
    }),
  ),
  {
    name: 'CONNECT closes the connection',
    bytes: request({ method: 'CONNECT', target: 'evil.example:443', framing: [], body: '' }),
    verdicts: [],
    closes: true,
  },
  {
    name: 'OPTIONS of * is malformed',
    bytes: request({ method: 'OPTIONS', target: '*', framing: [], body: '' }),
    verdicts: ['either 400'],
  },
  {
    name: 'OPTIONS of a preflight is not available',
    bytes: request({
      method: 'OPTIONS',
      headers: ['origin: https://app.example', 'access-control-request-method: POST'],
      framing: [],
      body: '',
    }),
    verdicts: ['proxy 404'],
  },
  {
    name: 'may not be overridden',
    bytes: request({ method: 'GET', headers: ['x-http-method-override: POST', 'x-method-override: POST'] }),
    verdicts: ['proxy 404'],
  },
])

describeRows('the version', [
  ...['HTTP/1.2', 'HTTP/3.0', 'HTTP/1', 'HTTP/11.1', 'HTTP/1.1 ', 'http/1.1', 'HTP/1.1', 'ICE/1.0'].map(
    (version): Row => ({
      name: `"${version}" is refused`,
      bytes: request({ version }),
      verdicts: ['host 400'],
      closes: true,
    }),
  ),
  {
    name: 'that is absent, as in HTTP/0.9, is refused',
    bytes: 'GET /v1/models\r\n\r\n',
    verdicts: ['either 400'],
    closes: true,
  },
  {
    name: 'HTTP/1.0 gets its answer and is closed',
    bytes: request({ version: 'HTTP/1.0' }),
    verdicts: ['forwarded'],
    closes: true,
  },
  {
    name: 'HTTP/1.0 needs a Host like any other',
    bytes: request({ version: 'HTTP/1.0', host: [] }),
    verdicts: ['either 400'],
    closes: true,
  },
  {
    name: 'HTTP/1.0 may keep the connection',
    bytes: request({ version: 'HTTP/1.0', headers: ['connection: keep-alive'] }),
    verdicts: ['forwarded'],
  },
])

describeRows('Host', [
  { name: 'absent is refused', bytes: request({ host: [] }), verdicts: ['host 400'], closes: true },
  { name: 'twice is refused', bytes: request({ host: ['host: a', 'host: b'] }), verdicts: ['proxy 400'] },
  { name: 'twice and equal is refused', bytes: request({ host: ['host: a', 'Host: a'] }), verdicts: ['proxy 400'] },
  ...[
    ...['proxy.test', 'PROXY.test', 'a', 'a:1', 'a:80', 'a:443', 'a:65535', 'a_b.test', 'a.test.', '127.0.0.1:3000'],
    ...[
      '[::1]',
      '[::1]:8080',
      'evil.example',
      'api.anthropic.com',
      'xn--bcher-kva.example',
      'LOCALHOST:3000',
      '3f2a1b4c5d6e:3000',
      '-',
      'a:080',
    ],
  ].map(
    (host): Row => ({
      name: `${host} is not looked at`,
      bytes: request({ host: [`host: ${host}`] }),
      verdicts: ['forwarded'],
    }),
  ),
  ...[
    ...[
      'a b',
      'a, b',
      'user@a',
      'a/b',
      'a?b',
      'a#b',
      'a\\b',
      '[::1',
      '::1',
      'a:b',
      'a:-1',
      'a:65536',
      'a:99999',
      '',
      ':80',
    ],
    ...['http://a', 'a%00', 'a%2eb', '<a>', 'a:80:80', '[zz]', 'caf\xe9.test', '[::1%25lo]', 'a|b', 'a^b', '"a"', 'a:'],
    ...[
      "a'b",
      'a;b',
      'a(b)',
      '1.2.3.4.5',
      '999.1.1.1',
      '0x7f.1',
      '[v1.a]',
      '999.1.1.1:80',
      '3000',
      '~a',
      '.',
      '.:80',
      'a..b',
    ],
  ].map(
    (host): Row => ({
      name: `${JSON.stringify(host)} is refused`,
      bytes: request({ host: [`host: ${host}`] }),
      verdicts: ['either 400'],
    }),
  ),
])
