import { Secret, sealedCredentialStore } from '@agent-prompt-train/core'
import { createPostgresStorage } from '@agent-prompt-train/storage-pg'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createRoledDatabase, type RoledDatabase } from '../../../packages/storage-pg/test/support/serving-role.js'
import type { RawUpstream } from '../../support/raw-upstream.js'
import { callers, canaries, domain, findCanaries } from '../canaries.js'
import { hosts, keyRing, openScene } from '../scene.js'
import { expectNoCanary, toTexts } from '../sinks.js'
import { startUpstream } from '../upstream.js'

let upstream: RawUpstream
beforeAll(async () => {
  upstream = await startUpstream()
  return upstream.close
})

/** Opens a database whose password is a canary, with the canaries' client key and, sealed, their credentials. */
async function openStorage() {
  const database = await createRoledDatabase()
  const password = canaries.databaseUrl.secret
  await database.db.none('alter role $1:name password $2', [database.servingRole, password])
  const connectionString = Object.assign(new URL(database.servingUrl), { password }).href
  const stored = createPostgresStorage({ connectionString })
  onTestFinished(async () => {
    await stored.close()
    await database.drop()
  })
  const storage = { ...stored, credentials: sealedCredentialStore(stored.credentials, keyRing, { allowPlain: false }) }
  await storage.clientKeys.add(callers.record)
  await storage.credentials.update(domain, () => ({ type: 'api_key', apiKey: new Secret(canaries.upstreamKey.value) }))
  await storage.credentials.update('other.example', () => ({
    type: 'oauth',
    accessToken: new Secret(canaries.accessToken.value),
    refreshToken: new Secret(canaries.refreshToken.value),
    expiresAt: null,
    refresh: { refreshedAt: null, intent: null, failure: null },
  }))
  return { database, storage, stored }
}

/** Every row of every table, as text: bytes are written in hex. */
async function dump({ db }: RoledDatabase): Promise<Record<string, string[]>> {
  const tables = await db.any<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'prompt_train'::regnamespace and relkind = 'r'`,
  )
  const rows = tables.map(async ({ name }) => {
    const found = await db.any<{ row: string }>('select t::text as row from prompt_train.$1:name t', [name])
    return [`the table ${name}`, found.map(({ row }) => row)] as const
  })
  return Object.fromEntries(await Promise.all(rows))
}

describe('a dump of the database', () => {
  it.each(hosts)('holds no secret of what passed through it on $name', async (host) => {
    const { database, storage, stored } = await openStorage()
    const scene = await openScene(host, { upstream: upstream.origin, storage })
    for (const script of ['message', 'stream', 'echo', 'errorEvent'] as const) {
      expect((await scene.send({ script })).status).toBe(script === 'echo' ? 400 : 200)
    }
    await scene.send({ key: canaries.strangerKey.value })
    await scene.close()
    const tables = await dump(database)
    const rows = Object.values(tables).flat()
    expect(rows.filter((row) => row.includes(callers.record.keyId)).length).toBeGreaterThanOrEqual(5)
    expect(rows.some((row) => row.includes('other.example'))).toBe(true)
    expectNoCanary({ ...tables, 'the storage': toTexts(stored) })
  })

  it('would show one that stood there', async () => {
    const { database, stored } = await openStorage()
    const credential = { type: 'api_key', apiKey: new Secret(canaries.credentialFile.value) } as const
    await stored.credentials.update('clear.example', () => credential)
    expect(
      findCanaries(
        Object.values(await dump(database))
          .flat()
          .join('\n'),
      ),
    ).toEqual(['credentialFile'])
  })
})
