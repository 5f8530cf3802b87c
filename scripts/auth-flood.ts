/**
 * Floods a proxy with failed authentications: 1,000 wrong keys from one address with 1,000 spoofed X-Forwarded-For, good keys
 * among them, and then failures from 1,000,000 addresses. Prints what they were answered and what memory they took.
 * Run: node --expose-gc --import tsx scripts/auth-flood.ts
 */
import { createClientKey } from '../packages/core/src/client-key.js'
import { silentLogger } from '../packages/core/src/logger.js'
import { createProxy } from '../packages/core/src/proxy.js'
import { Secret } from '../packages/core/src/secret.js'
import { memoryStorage } from '../packages/core/src/storage/memory.js'
import { stubUpstream } from '../packages/core/src/testing/stub-upstream.js'

const ADDRESSES = 1_000_000
const { key, record } = createClientKey({ domain: 'example.com' })
const upstream = await stubUpstream((response) => response.end('{}'))
const proxy = createProxy({
  storage: memoryStorage({
    clientKeys: [record],
    credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } },
  }),
  upstream: upstream.origin,
  logger: silentLogger,
})

async function ask(clientKey: string, remoteAddress: string, forwardedFor = remoteAddress): Promise<number> {
  const headers = { 'x-api-key': clientKey, 'x-forwarded-for': forwardedFor }
  const init = { method: 'POST', body: '{}', headers, remoteAddress }
  const answer = await proxy.fetch('http://proxy.test/v1/messages', init)
  await answer.arrayBuffer()
  return answer.status
}

const wrong: Record<number, number> = {}
const good: Record<number, number> = {}
for (let i = 0; i < 1000; i++) {
  const status = await ask(createClientKey({ domain: 'example.com' }).key, '192.0.2.1', `198.51.100.${i % 256}`)
  wrong[status] = (wrong[status] ?? 0) + 1
  if (i % 10 > 0) continue
  const served = await ask(key, '192.0.2.1')
  good[served] = (good[served] ?? 0) + 1
}
console.log('1,000 wrong keys from one address, by status:', wrong)
console.log('  good keys from that address meanwhile:', good)
console.log('  a wrong key from another address:', await ask('FAKE', '192.0.2.2'))

const heap = () => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}
const before = heap()
for (let i = 0; i < ADDRESSES; i++) {
  await proxy.handle(
    {
      method: 'POST',
      path: '/v1/messages',
      mountPath: '',
      rawHeaders: ['host', 'proxy.test', 'x-api-key', 'FAKE'],
      headers: {},
      body: null,
      remoteAddress: `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
      hostRequest: null,
    },
    {
      headersSent: false,
      closed: false,
      writeHead(status) {
        if (status !== 401) throw new Error(`answered ${status}: not a failed authentication`)
      },
      flushHeaders() {},
      write: () => true,
      end() {},
      destroy() {},
      on() {},
    },
  )
}
console.log(`failures from ${ADDRESSES} addresses: heap grew by ${(heap() - before).toFixed(1)} MiB`)
console.log('  a good key after that:', await ask(key, '192.0.2.1'))
await proxy.close()
await upstream.close()
