// A disk that is really full: `unshare -rm node full-disk.mjs FOLDER` mounts a file system of 256 KiB on FOLDER, has a token
// refreshed there while the endpoint's answer finds no space left, and prints what the requests and the disk showed.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { allowAnyone, createProxy, fileCredentialStore, silentLogger } from '@agent-prompt-train/core'

const DOMAIN = 'example.com'
const folder = process.argv[2]
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', folder])

const credentialFile = join(folder, `${DOMAIN}.json`)
const filler = join(folder, 'filler')
const credential = {
  type: 'oauth',
  access_token: 'FAKE-access-0',
  refresh_token: 'FAKE-refresh-0',
  expires_at: new Date(Date.now() + 60_000).toISOString(),
}
writeFileSync(credentialFile, JSON.stringify(credential), { mode: 0o600 })

/** Fills the disk to its last byte. */
function fill() {
  for (let size = 256 * 1024; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' })
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error
    }
  }
}

const spent = []
const endpoint = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  spent.push(JSON.parse(Buffer.concat(chunks).toString()).refresh_token)
  fill()
  response.end(
    JSON.stringify({
      access_token: `FAKE-access-${spent.length}`,
      refresh_token: `FAKE-refresh-${spent.length}`,
      token_type: 'Bearer',
      expires_in: 3600,
    }),
  )
})
const upstream = createServer((request, response) => response.end(request.headers.authorization))
for (const server of [endpoint, upstream]) await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

const alerts = []
const proxy = createProxy({
  credentials: fileCredentialStore(folder),
  authenticate: allowAnyone(DOMAIN),
  upstream: `http://127.0.0.1:${upstream.address().port}`,
  oauth: { tokenUrl: `http://127.0.0.1:${endpoint.address().port}/token`, allowSubscriptionOAuth: true },
  alerts: [{ send: ({ kind }) => void alerts.push(kind) }],
  logger: silentLogger,
})

/** The access token that a request went up with. */
const ask = async () => (await (await proxy.fetch('http://in.process/v1/models')).text()).replace('Bearer ', '')
const stored = () => JSON.parse(readFileSync(credentialFile, 'utf8')).access_token

async function until(truth) {
  for (let i = 0; i < 400 && !truth(); i++) await sleep(50)
}

const before = await ask()
await until(() => proxy.health().credentials.notStored === 1)
const full = { served: await ask(), stored: stored(), health: proxy.health().credentials }
rmSync(filler)
// The file is there a moment before its folder is synced and the pair counts as stored.
await until(() => stored() !== 'FAKE-access-0' && proxy.health().credentials.notStored === 0)
const after = { served: await ask(), stored: stored(), health: proxy.health().credentials }
await proxy.close()
endpoint.close()
upstream.close()
process.stdout.write(JSON.stringify({ before, full, after, alerts, spent }))
