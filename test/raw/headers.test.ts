import { request } from './request.js'
import { describeRows, type Row } from './rows.js'
import { clientKey } from './stage.js'

const json = 'content-type: application/json'

/** A row whose request has these lines, of which these cross beside the content type. */
const sending = (name: string, headers: readonly string[], crossing: readonly string[] = []): Row => ({
  name,
  bytes: request({ headers }),
  verdicts: ['forwarded'],
  upstream: [{ headers: [json, ...crossing] }],
})

describeRows('Connection', [
  sending('cannot take off x-api-key', ['connection: keep-alive, x-api-key']),
  sending('cannot take off authorization', [
    'connection: keep-alive, authorization',
    `authorization: Bearer ${clientKey}`,
  ]),
  sending('cannot take off the content type', ['connection: keep-alive, content-type']),
  sending('cannot take off host or accept-encoding', ['connection: keep-alive, host, accept-encoding']),
  sending('cannot take off the length', ['connection: keep-alive, content-length, transfer-encoding']),
  sending(
    'takes off a beta that it names',
    ['connection: keep-alive, Anthropic-Beta', 'anthropic-beta: a-1', 'x-app: b'],
    ['x-app: b'],
  ),
  sending('takes off what a second line names', ['connection: keep-alive', 'connection: x-app', 'x-app: a']),
  sending('takes off what is named with empty members around', ['connection: ,, keep-alive ,\t x-app ,', 'x-app: a']),
  sending('takes off what came before it', ['x-app: a', 'connection: keep-alive, x-app', 'x-app: b']),
  sending('takes off nothing that is only alike', ['connection: keep-alive, x-ap', 'x-app: a'], ['x-app: a']),
  sending('names nothing by a value in quotes', ['connection: keep-alive, "x-app"', 'x-app: a'], ['x-app: a']),
  {
    name: 'close is obeyed, and not passed on',
    bytes: request({ headers: ['connection: close'] }),
    verdicts: ['forwarded'],
    closes: true,
  },
  {
    name: 'Close beside other names is obeyed',
    bytes: request({ headers: ['Connection: x-app, Close', 'x-app: a'] }),
    verdicts: ['forwarded'],
    closes: true,
  },
])

describeRows('hop-by-hop', [
  ...[
    'keep-alive: timeout=600, max=1',
    'proxy-connection: keep-alive',
    'proxy-authenticate: Basic realm="FAKE"',
    'proxy-authorization: Basic RkFLRQ==',
    'te: trailers',
    'te: gzip, trailers;q=0.5',
    'trailer: x-checksum',
    'http2-settings: AAMAAABkAARAAAAAAAIAAAAA',
    'alt-svc: h2="evil.example:443"',
    'max-forwards: 0',
    'via: 1.1 evil.example',
  ].map((line) => sending(`${line} stays behind`, [line])),
  sending('te: trailers with its Connection stays behind', ['te: trailers', 'connection: keep-alive, te']),
])

describeRows('the list', [
  ...[
    'cookie: session=FAKE',
    'origin: https://app.example',
    'referer: https://app.example/FAKE?secret',
    'forwarded: for=192.0.2.60;proto=http;by=203.0.113.43',
    'x-forwarded-for: 192.0.2.1, 198.51.100.1',
    'x-forwarded-host: evil.example',
    'x-forwarded-proto: https',
    'x-real-ip: 192.0.2.1',
    'cf-connecting-ip: 192.0.2.1',
    'cf-ray: FAKE-ray',
    'true-client-ip: 192.0.2.1',
    'x-amzn-oidc-data: FAKE.jwt.x',
    'x-prompt-train-request-id: chosen-by-the-client',
    'request-id: chosen-by-the-client',
    'anthropic-organization-id: FAKE',
    'anthropic-workspace-id: FAKE',
    'Anthropic-User-Profile-Id: FAKE',
    'x-http-method-override: DELETE',
    'x-original-url: /v1/organizations',
    'x-rewrite-url: /v1/organizations',
    'content-md5: FAKE',
    'content-range: bytes 0-1/2',
    'range: bytes=0-',
    'if-none-match: *',
    'accept-encoding: gzip, br, zstd',
    'accept-language: en',
    'sec-fetch-site: cross-site',
    'priority: u=1',
    'early-data: 1',
    'set-cookie: a=b',
    '__proto__: a',
    'constructor: a',
  ].map((line) => sending(`keeps ${line} here`, [line])),
  ...[
    'accept: text/event-stream',
    'anthropic-version: 2023-06-01',
    'anthropic-version: 2099-12-31',
    'anthropic-beta: a-1,b-2',
    'anthropic-dangerous-direct-browser-access: true',
    'anthropic-something-new: yes',
    'content-encoding: gzip',
    'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'tracestate: vendor=1',
    'user-agent: Anthropic/JS 1.0 (x)',
    'x-app: cli',
    'x-claude-code-session-id: s',
    'x-stainless-retry-count: 0',
  ].map((line) => sending(`lets ${line} cross`, [line], [line])),
  sending('lets names cross in lower case', ['ANTHROPIC-Version: 2023-06-01'], ['anthropic-version: 2023-06-01']),
  sending(
    'lets repeated betas cross as they came',
    ['anthropic-beta: a-1', 'x-app: x', 'Anthropic-Beta: b-2, a-1', 'anthropic-beta:'],
    ['anthropic-beta: a-1', 'x-app: x', 'anthropic-beta: b-2, a-1', 'anthropic-beta: '],
  ),
  {
    name: 'lets a request without a content type cross without',
    bytes: request().replace(`${json}\r\n`, ''),
    verdicts: ['forwarded'],
    upstream: [{ headers: [] }],
  },
  {
    name: 'lets a repeated content type cross as it came',
    bytes: request({ headers: ['content-type: text/plain'] }),
    verdicts: ['forwarded'],
    upstream: [{ headers: [json, 'content-type: text/plain'] }],
  },
])
