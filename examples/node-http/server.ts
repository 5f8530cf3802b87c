import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClientKey, createProxy, memoryStorage, Secret } from '@agent-prompt-train/core'
import { toNodeListener } from '@agent-prompt-train/core/node'

const apiKey = process.env.ANTHROPIC_API_KEY
if (!apiKey) {
  console.error('Set ANTHROPIC_API_KEY, as README.md beside this file says.')
  process.exit(1)
}

// A key that lives as long as this process. Keep `record`, never `key`, where it has to last.
const { key, record } = createClientKey({ domain: 'example.com', label: 'trial' })

const proxy = createProxy({
  storage: memoryStorage({
    clientKeys: [record],
    credentials: { 'example.com': { type: 'api_key', apiKey: new Secret(apiKey) } },
  }),
  upstream: process.env.CLAUDE_API_BASE_URL ?? 'https://api.anthropic.com',
})

const server = createServer(toNodeListener(proxy))
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`Set ANTHROPIC_BASE_URL=http://127.0.0.1:${port} and ANTHROPIC_API_KEY=${key} in your clients.`)
})

process.once('SIGTERM', async () => {
  await proxy.close()
  server.close()
})
