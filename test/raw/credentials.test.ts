import { request } from './request.js'
import { describeRows, type Row } from './rows.js'
import { apiKey, clientKey, foreignKey } from './stage.js'

const bearer = (key: string) => `authorization: Bearer ${key}`
const header = (key: string) => `x-api-key: ${key}`

/** A row whose request presents these lines. */
const presenting = (name: string, verdict: 'forwarded' | 'proxy 401', ...credential: string[]): Row => ({
  name,
  bytes: request({ credential }),
  verdicts: [verdict],
})

describeRows('one client key', [
  presenting('passes in x-api-key', 'forwarded', header(clientKey)),
  presenting('passes in Authorization', 'forwarded', bearer(clientKey)),
  presenting('passes in X-API-KEY, however it is spelled', 'forwarded', `X-Api-KEY: ${clientKey}`),
  presenting('passes after bearer in small letters', 'forwarded', `authorization: bearer ${clientKey}`),
  presenting('passes after BEARER in capitals', 'forwarded', `AUTHORIZATION: BEARER ${clientKey}`),
  presenting('passes after several spaces', 'forwarded', `authorization: Bearer   ${clientKey}`),
  presenting('passes with white space around the value', 'forwarded', `x-api-key:   ${clientKey}\t `),
  presenting('passes in both headers', 'forwarded', bearer(clientKey), header(clientKey)),
  presenting('passes beside a foreign x-api-key, which is dropped', 'forwarded', bearer(clientKey), header('junk')),
  presenting(
    'passes beside a foreign bearer, which is dropped',
    'forwarded',
    bearer('sk-ant-oat01-FAKE'),
    header(clientKey),
  ),
  presenting(
    'passes beside Basic, which is dropped',
    'forwarded',
    'authorization: Basic RkFLRTpGQUtF',
    header(clientKey),
  ),
  presenting('passes beside an empty Authorization', 'forwarded', 'authorization:', header(clientKey)),
  presenting('passes beside an empty x-api-key', 'forwarded', bearer(clientKey), 'x-api-key:'),
  presenting('passes beside the upstream credential, which is dropped', 'forwarded', bearer(apiKey), header(clientKey)),
])

describeRows('refused as nobody', [
  presenting('no credential', 'proxy 401'),
  presenting('an empty x-api-key', 'proxy 401', 'x-api-key:'),
  presenting('an empty Authorization', 'proxy 401', 'authorization:'),
  presenting('Bearer alone', 'proxy 401', 'authorization: Bearer'),
  presenting('Bearer without a space', 'proxy 401', `authorization: Bearer${clientKey}`),
  presenting('Bearer with a tab', 'proxy 401', `authorization: Bearer\t${clientKey}`),
  presenting('Bearer with an equals sign', 'proxy 401', `authorization: Bearer=${clientKey}`),
  presenting('Bearer twice in a line', 'proxy 401', `authorization: Bearer Bearer ${clientKey}`),
  presenting('Bearer in x-api-key', 'proxy 401', `x-api-key: Bearer ${clientKey}`),
  presenting('a key in Authorization without a scheme', 'proxy 401', `authorization: ${clientKey}`),
  presenting('a key in Basic', 'proxy 401', `authorization: Basic ${Buffer.from(`${clientKey}:`).toString('base64')}`),
  presenting('a key under another scheme', 'proxy 401', `authorization: Token ${clientKey}`),
  presenting('a key in capitals', 'proxy 401', header(clientKey.toUpperCase())),
  presenting('a key that is cut', 'proxy 401', header(clientKey.slice(0, -1))),
  presenting('a key with more behind it', 'proxy 401', header(`${clientKey}x`)),
  presenting('a key in quotes', 'proxy 401', header(`"${clientKey}"`)),
  presenting('a key with a byte over 7F behind it', 'proxy 401', header(`${clientKey}\xa0`)),
  presenting('a key of 8 KiB', 'proxy 401', header(clientKey + 'A'.repeat(8192))),
  presenting('a raw Anthropic key', 'proxy 401', header('sk-ant-api03-FAKE-of-the-client')),
  presenting('the upstream credential in x-api-key', 'proxy 401', header(apiKey)),
  presenting('the upstream credential as bearer', 'proxy 401', bearer(apiKey)),
  presenting('Authorization twice, equal', 'proxy 401', bearer(clientKey), bearer(clientKey)),
  presenting('Authorization twice, foreign first', 'proxy 401', bearer('FAKE'), bearer(clientKey)),
  presenting('Authorization twice, foreign last', 'proxy 401', bearer(clientKey), bearer('FAKE')),
  presenting('Authorization twice, one empty', 'proxy 401', bearer(clientKey), 'AUTHORIZATION:'),
  presenting('x-api-key twice, equal', 'proxy 401', header(clientKey), header(clientKey)),
  presenting('x-api-key twice, of two tenants', 'proxy 401', header(clientKey), header(foreignKey)),
  presenting('x-api-key twice, foreign first', 'proxy 401', header('FAKE'), header(clientKey)),
  presenting('x-api-key twice beside a good bearer', 'proxy 401', bearer(clientKey), header('a'), header('b')),
  presenting('keys of two tenants in the two headers', 'proxy 401', bearer(clientKey), header(foreignKey)),
  presenting('keys of two tenants, the other way round', 'proxy 401', header(foreignKey), bearer(clientKey)),
  presenting('a comma list in x-api-key', 'proxy 401', header(`${clientKey}, ${clientKey}`)),
  presenting('a comma list of two tenants', 'proxy 401', header(`${clientKey},${foreignKey}`)),
  presenting('a comma list in Authorization', 'proxy 401', `authorization: Bearer ${clientKey}, Bearer ${clientKey}`),
  presenting('two keys with a space between', 'proxy 401', header(`${clientKey} ${foreignKey}`)),
  presenting('a key in Proxy-Authorization', 'proxy 401', `proxy-authorization: Bearer ${clientKey}`),
  presenting('a key in a cookie', 'proxy 401', `cookie: x-api-key=${clientKey}; authorization=Bearer ${clientKey}`),
  presenting('a key in x_api_key', 'proxy 401', `x_api_key: ${clientKey}`),
  presenting('a key in x-goog-api-key', 'proxy 401', `x-goog-api-key: ${clientKey}`),
  presenting('a key in anthropic-api-key', 'proxy 401', `anthropic-api-key: ${clientKey}`),
  {
    name: 'a key in the query',
    bytes: request({ target: `/v1/messages?api_key=${clientKey}&x-api-key=${clientKey}`, credential: [] }),
    verdicts: ['proxy 401'],
  },
  {
    name: 'a key in the user part of an absolute target',
    bytes: request({ target: `http://${clientKey}@proxy.test/v1/messages`, credential: [] }),
    verdicts: ['proxy 400'],
  },
  {
    name: 'a key in the body',
    bytes: request({ credential: [], body: JSON.stringify({ api_key: clientKey }) }),
    verdicts: ['proxy 401'],
  },
  {
    name: 'a key in a trailer',
    bytes: request({
      credential: ['trailer: x-api-key'],
      framing: ['transfer-encoding: chunked'],
      body: `2\r\n{}\r\n0\r\nx-api-key: ${clientKey}\r\n\r\n`,
    }),
    verdicts: ['proxy 401'],
  },
])

describeRows('the tenant', [
  ...[
    ['Host', [`host: example.org`], []],
    ['X-Forwarded-Host', undefined, ['x-forwarded-host: example.org']],
    ['Forwarded', undefined, ['forwarded: host=example.org;for=192.0.2.1']],
    ['an account header', undefined, ['x-account: example.org', 'x-domain: example.org', 'x-tenant-id: example.org']],
    ['an organization header', undefined, ['anthropic-organization-id: FAKE', 'anthropic-workspace-id: FAKE']],
  ].map(
    ([what, host, headers]): Row => ({
      name: `is not chosen by ${what}`,
      bytes: request({ ...(host !== undefined && { host: host as string[] }), headers: headers as string[] }),
      verdicts: ['forwarded'],
    }),
  ),
])
