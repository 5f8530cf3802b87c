import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClientKey, createProxy, memoryStorage, rotateClientKey, Secret } from '@agent-prompt-train/core'
import { toNodeListener } from '@agent-prompt-train/core/node'
import { stubUpstream } from '@agent-prompt-train/core/testing'

// Rotates a client key while eight clients send without pause, each of which takes up the new key at its own time.
const CLIENTS = 8
const OVERLAP_MS = 3000

const upstream = await stubUpstream((response) => response.end('{}'))
const old = createClientKey({ domain: 'example.com', label: 'agents' })
const storage = memoryStorage({
  clientKeys: [old.record],
  credentials: { 'example.com': { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') } },
})
const proxy = createProxy({ storage, upstream: upstream.origin })
const server = createServer(toNodeListener(proxy)).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/messages`

async function send(key: string): Promise<number> {
  const answer = await fetch(url, { method: 'POST', headers: { 'x-api-key': key }, body: '{}' })
  await answer.arrayBuffer()
  return answer.status
}

const keys = Array.from({ length: CLIENTS }, () => old.key)
const statuses = new Map<number, number>()
let sending = true
const clients = keys.map(async (_, client) => {
  while (sending) {
    const status = await send(keys[client]!)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
})

await sleep(300)
const { key, record, replaced } = await rotateClientKey(storage.clientKeys, old.record.keyId, { overlapMs: OVERLAP_MS })
for (const client of keys.keys()) {
  await sleep((OVERLAP_MS / CLIENTS) * 0.4)
  keys[client] = key
}
await sleep(Math.max(0, replaced.expiresAt! - Date.now()) + 200)
sending = false
await Promise.all(clients)

console.log('statuses under load:', Object.fromEntries(statuses))
console.log('the old key now:', await send(old.key), 'and the new one:', await send(key))
await proxy.close()
for (const { keyId, requests } of await storage.clientKeys.uses()) {
  console.log(keyId === record.keyId ? 'new key:' : 'old key:', requests, 'requests')
}
server.close()
await upstream.close()
