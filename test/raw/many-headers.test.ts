import { request } from './request.js'
import { describeRows } from './rows.js'
import { clientKey, foreignKey } from './stage.js'

/** Short lines: Node reads 16 KiB of head, and 20 keeps about 1,000 lines of it, Node 24 refuses more. */
const fillers = (count: number) => Array.from({ length: count }, () => 'a:b')

describeRows('a head', [
  { name: 'of 990 lines passes', bytes: request({ headers: fillers(990) }), verdicts: ['forwarded'] },
  {
    name: 'of 1,000 lines is refused',
    bytes: request({ headers: fillers(1000) }),
    verdicts: ['either 431'],
    closes: true,
  },
  {
    name: 'hides no second credential behind 2,000 lines',
    bytes: request({ headers: [...fillers(2000), `x-api-key: ${foreignKey}`] }),
    verdicts: ['either 431'],
    closes: true,
  },
  {
    name: 'hides no transfer coding behind 2,000 lines',
    bytes: request({
      headers: fillers(2000),
      framing: ['transfer-encoding: gzip', 'transfer-encoding: chunked'],
      body: '2\r\n{}\r\n0\r\n\r\n',
    }),
    verdicts: ['either 431'],
    closes: true,
  },
  {
    name: 'with a value of 12 KiB passes',
    bytes: request({ headers: [`x-app: ${'a'.repeat(12_288)}`] }),
    verdicts: ['forwarded'],
    upstream: [{ headers: ['content-type: application/json', `x-app: ${'a'.repeat(12_288)}`] }],
  },
  {
    name: 'with a value of 16 KiB is refused',
    bytes: request({ headers: [`x-app: ${'a'.repeat(16_384)}`] }),
    verdicts: ['host 431'],
    closes: true,
  },
  {
    name: 'with a name of 16 KiB is refused',
    bytes: request({ headers: [`${'a'.repeat(16_384)}: a`] }),
    verdicts: ['host 431'],
    closes: true,
  },
  {
    name: 'with a target of 16 KiB is refused',
    bytes: request({ target: `/v1/messages?${'a'.repeat(16_384)}` }),
    verdicts: ['host 431'],
    closes: true,
  },
  {
    name: 'of 16 KiB in 1,000 lines is refused',
    bytes: request({ headers: Array.from({ length: 1000 }, (_, i) => `x-app: ${i}${'a'.repeat(20)}`) }),
    verdicts: ['host 431'],
    closes: true,
  },
  {
    name: 'of 300 betas passes as it came',
    bytes: request({ headers: Array.from({ length: 300 }, (_, i) => `anthropic-beta: b-${i}`) }),
    verdicts: ['forwarded'],
    upstream: [
      {
        headers: ['content-type: application/json', ...Array.from({ length: 300 }, (_, i) => `anthropic-beta: b-${i}`)],
      },
    ],
  },
  {
    name: 'that repeats the same key 300 times is nobody’s',
    bytes: request({ credential: Array.from({ length: 200 }, () => `x-api-key: ${clientKey}`) }),
    verdicts: ['proxy 401'],
  },
])
