import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Credential, type FileCredentialStore, fileCredentialStore, Secret } from '@agent-prompt-train/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Child, startChild } from './support/child.js'

const DOMAIN = 'example.com'
const TAKEOVER_MS = 10_000

let folder: string
let store: FileCredentialStore
let children: Child[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'))
  children = []
  writeFileSync(join(folder, 'example.com.json'), JSON.stringify({ type: 'api_key', api_key: '0' }), { mode: 0o600 })
  store = fileCredentialStore(folder)
})

afterEach(async () => {
  for (const child of children) {
    child.process.kill('SIGKILL')
    await child.ended
  }
  store.close()
  rmSync(folder, { recursive: true })
})

function start(...args: readonly string[]): Child {
  const child = startChild(folder, ...args)
  children.push(child)
  return child
}

const apiKey = (value: string): Credential => ({ type: 'api_key', apiKey: new Secret(value) })
const stored = (): string | null => {
  const credential = store.find(DOMAIN) as Credential | null
  return credential?.type === 'api_key' ? credential.apiKey.expose() : null
}
/** What is in the folder beside the credential file. */
const leftovers = () => readdirSync(folder).filter((name) => name !== 'example.com.json')

it('loses none of the updates of eight processes', async () => {
  const counters = Array.from({ length: 8 }, () => start('count', '12'))
  expect(await Promise.all(counters.map(({ ended }) => ended))).toEqual(Array(8).fill(0))
  await store.update(DOMAIN, (current) => apiKey(`${(current as { apiKey: Secret }).apiKey.expose()}-read`))
  expect(stored()).toBe('96-read')
  expect(leftovers()).toEqual([])
})

it('loses none of the updates of processes that live on while others are killed', async () => {
  const counters = Array.from({ length: 4 }, () => start('count', '10'))
  const victims = Array.from({ length: 4 }, () => start('count', '1000000'))
  const killing = victims.map(async ({ process }, i) => {
    await new Promise((resolve) => setTimeout(resolve, 1500 + 97 * i))
    process.kill('SIGKILL')
  })
  await Promise.all(killing)
  expect(await Promise.all(counters.map(({ ended }) => ended))).toEqual(Array(4).fill(0))
  await store.update(DOMAIN, (current) => apiKey((current as { apiKey: Secret }).apiKey.expose()))
  // What the victims added counts as well: nothing is lost, and nothing is half written.
  expect(Number(stored())).toBeGreaterThanOrEqual(40)
  expect(leftovers()).toEqual([])
})

it('stores what a holder reports and nothing else, at whatever moment it is evicted', async () => {
  const counters = Array.from({ length: 3 }, () => start('count', '15'))
  let isCounting = true
  // Whose turn it is when an eviction falls is chance: one of the three is enough.
  const lost = Promise.any(counters.map(({ said }) => said('lost')))
  const evicting = (async () => {
    const lock = join(folder, '.example.com.lock')
    while (isCounting) {
      await new Promise((resolve) => setTimeout(resolve, 40 * Math.random()))
      // What a waiter does to a holder that it takes to be gone.
      for (const holder of await readdir(lock).catch(() => [])) {
        await rm(join(lock, holder), { recursive: true, force: true }).catch(() => {})
      }
    }
  })()
  expect(await Promise.all(counters.map(({ ended }) => ended))).toEqual(Array(3).fill(0))
  await lost
  isCounting = false
  await evicting
  await store.update(DOMAIN, (current) => apiKey((current as { apiKey: Secret }).apiKey.expose()))
  expect(stored()).toBe('45')
})

it('takes over at once from a holder that was killed', async () => {
  const holder = start('hold')
  await holder.said('holding')
  const began = performance.now()
  const updated = store.update(DOMAIN, () => apiKey('FAKE-newer'))
  holder.process.kill('SIGKILL')
  await updated
  expect(performance.now() - began).toBeLessThan(TAKEOVER_MS)
  expect(stored()).toBe('FAKE-newer')
  expect(leftovers()).toEqual([])
})

it('takes over from a frozen holder, which can store nothing when it thaws', async () => {
  const holder = start('hold')
  await holder.said('holding')
  holder.process.kill('SIGSTOP')
  const began = performance.now()
  await store.update(DOMAIN, () => apiKey('FAKE-newer'))
  expect(performance.now() - began).toBeLessThan(TAKEOVER_MS)

  // The wish to save is waiting for it when it thaws: it does so before any heartbeat tells it what has happened.
  holder.process.stdin.write('go\n')
  holder.process.kill('SIGCONT')
  await holder.said('save lease_lost')
  await holder.said('update lease_lost')
  await holder.said('done')
  expect(stored()).toBe('FAKE-newer')
  await store.update(DOMAIN, (current) => {
    expect((current as { apiKey: Secret }).apiKey.expose()).toBe('FAKE-newer')
    return current
  })
  expect(leftovers()).toEqual([])
})

it('waits for a living holder, however long that takes', async () => {
  const holder = start('hold')
  await holder.said('holding')
  const next = store.update(DOMAIN, (current) => {
    expect((current as { apiKey: Secret }).apiKey.expose()).toBe('FAKE-later')
    return apiKey('FAKE-next')
  })
  // Longer than a holder that shows no life is waited for.
  await new Promise((resolve) => setTimeout(resolve, 7000))
  holder.process.stdin.write('go\n')
  await holder.said('saved')
  await holder.said('updated')
  await next
  expect(stored()).toBe('FAKE-next')
})

it('tells a holder that thaws of its loss, while the next holder works', async () => {
  const holder = start('hold')
  await holder.said('holding')
  holder.process.kill('SIGSTOP')
  await store.update(DOMAIN, async (_current, lease) => {
    holder.process.kill('SIGCONT')
    await holder.said('aborted')
    holder.process.stdin.write('go\n')
    await holder.said('update lease_lost')
    expect(lease.signal.aborted).toBe(false)
    return apiKey('FAKE-newer')
  })
  expect(stored()).toBe('FAKE-newer')
})

it('lets one of several waiters at a time take over from a dead holder', async () => {
  const holder = start('hold')
  await holder.said('holding')
  const counters = Array.from({ length: 4 }, () => start('count', '5'))
  await new Promise((resolve) => setTimeout(resolve, 1000))
  holder.process.kill('SIGKILL')
  expect(await Promise.all(counters.map(({ ended }) => ended))).toEqual(Array(4).fill(0))
  await store.update(DOMAIN, (current) => apiKey((current as { apiKey: Secret }).apiKey.expose()))
  expect(stored()).toBe('20')
})
