// A proxy in a process of its own, all of its storage in Postgres: argv is the database, the upstream and the spill's
// folder. It tells its port and a client key, then its recorder's health whenever it is asked, and ends when told to.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createClientKey, createProxy, Secret, silentLogger } from '@agent-prompt-train/core'
import { toNodeListener } from '@agent-prompt-train/core/node'
import { createPostgresStorage } from '@agent-prompt-train/storage-pg'

const [connectionString, upstream, spillDir] = process.argv.slice(2)
const domain = 'example.com'
const storage = createPostgresStorage({ connectionString })
const { key, record } = createClientKey({ domain })
await storage.clientKeys.add(record)
await storage.credentials.update(domain, () => ({ type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE') }))

const proxy = createProxy({
  storage,
  upstream,
  record: { keyRing: { current: 'k1', keys: { k1: randomBytes(32) } }, spillDir },
  logger: silentLogger,
})
const server = createServer(toNodeListener(proxy)).listen(0, '127.0.0.1', () => {
  process.send({ port: server.address().port, key })
})

process.on('message', async (asked) => {
  if (asked === 'health') return process.send(proxy.health().recorder)
  await proxy.close()
  process.send(proxy.health().recorder)
  server.close()
  server.closeAllConnections()
  await storage.close()
  process.disconnect()
})
