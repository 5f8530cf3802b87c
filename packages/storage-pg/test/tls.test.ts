import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { ConfigurationError, StorageError } from '@agent-prompt-train/core'
import { createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from './support/postgres-server.js'

let folder: string
/** Its certificate is for `localhost`. */
let named: PostgresServer
/** Its certificate is for another name. */
let misnamed: PostgresServer
/** It offers no TLS. */
let plain: PostgresServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'prompt-train-tls-'))
  const [localhost, other] = await Promise.all([certificate('localhost'), certificate('database.example.com')])
  ;[named, misnamed, plain] = await Promise.all([
    startPostgres(['ssl=on'], { 'server.crt': localhost.cert, 'server.key': localhost.private }),
    startPostgres(['ssl=on'], { 'server.crt': other.cert, 'server.key': other.private }),
    startPostgres(),
  ])
  writeFileSync(join(folder, 'localhost.crt'), localhost.cert)
  writeFileSync(join(folder, 'other.crt'), other.cert)
})

afterAll(async () => {
  await Promise.all([named?.stop(), misnamed?.stop(), plain?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

function certificate(name: string) {
  const extensions = [{ name: 'subjectAltName' as const, altNames: [{ type: 2 as const, value: name }] }]
  return generate([{ name: 'commonName', value: name }], { keySize: 2048, algorithm: 'sha256', extensions })
}

function connectionString(server: PostgresServer, parameters: Record<string, string>): string {
  const url = new URL(server.url)
  url.hostname = 'localhost'
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** `encrypted`, `plain`, or the text of the refusal. */
async function attempt(server: PostgresServer, parameters: Record<string, string>): Promise<string> {
  const connection = connectionString(server, parameters)
  try {
    await migrate({ connectionString: connection, schema: 'tls' })
  } catch (error) {
    return (error as Error).message
  }
  const storage = createPostgresStorage({ connectionString: connection, schema: 'tls' })
  await storage.close()
  return storage.connection?.tls === 'disable' ? 'plain' : 'encrypted'
}

const root = (name: string) => join(folder, `${name}.crt`)

describe('sslmode', () => {
  it('disable does not encrypt', async () => {
    expect(await attempt(named, { sslmode: 'disable' })).toBe('plain')
  })

  it('require encrypts and takes any certificate', async () => {
    expect(await attempt(misnamed, { sslmode: 'require' })).toBe('encrypted')
  })

  it('require never falls back to plain text', async () => {
    expect(await attempt(plain, { sslmode: 'require' })).toMatch(/offers no TLS.*sslmode=disable/)
  })

  it('require verifies the chain where sslrootcert is given', async () => {
    expect(await attempt(misnamed, { sslmode: 'require', sslrootcert: root('other') })).toBe('encrypted')
    expect(await attempt(misnamed, { sslmode: 'require', sslrootcert: root('localhost') })).toMatch(/not trusted/)
  })

  it('verify-ca verifies the chain alone', async () => {
    expect(await attempt(misnamed, { sslmode: 'verify-ca', sslrootcert: root('other') })).toBe('encrypted')
    expect(await attempt(misnamed, { sslmode: 'verify-ca', sslrootcert: root('localhost') })).toMatch(/not trusted/)
    expect(await attempt(named, { sslmode: 'verify-ca' })).toMatch(/sslrootcert/)
  })

  it('verify-full verifies chain and name', async () => {
    expect(await attempt(named, { sslmode: 'verify-full', sslrootcert: root('localhost') })).toBe('encrypted')
    expect(await attempt(misnamed, { sslmode: 'verify-full', sslrootcert: root('other') })).toMatch(
      /not trusted: ERR_TLS_CERT_ALTNAME_INVALID/,
    )
    expect(await attempt(named, { sslmode: 'verify-full' })).toMatch(/not trusted/)
    expect(await attempt(named, { sslmode: 'verify-full', sslrootcert: 'system' })).toMatch(/not trusted/)
  })

  it.each(['prefer', 'allow'])('%s is refused, because it falls back to plain text', async (sslmode) => {
    expect(await attempt(named, { sslmode })).toMatch(/falls back to plain text/)
  })

  it('the option ssl does the same without files', async () => {
    const { cert } = await certificate('localhost')
    const storage = createPostgresStorage({
      connectionString: connectionString(named, {}),
      ssl: { mode: 'verify-full', ca: cert },
      schema: 'tls',
    })
    const refusal: unknown = await storage.clientKeys.list().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(StorageError)
    expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringContaining('not trusted') })
    await storage.close()
  })

  it('none said: plain on loopback, encrypted elsewhere', async () => {
    const facts = (place: string) =>
      createPostgresStorage({ connectionString: `postgresql://user@${place}` }).connection
    expect(facts('localhost/app')).toMatchObject({ tls: 'disable', local: true })
    expect(facts('[::1]:5433/app')).toMatchObject({ host: '::1', port: 5433, tls: 'disable' })
    expect(facts('db.internal/app')).toMatchObject({ tls: 'require', local: false })
    expect(facts('/app?host=/var/run/postgresql')).toMatchObject({ host: '/var/run/postgresql', tls: 'disable' })
  })
})

describe('a connection string that is wrong', () => {
  it.each([
    'nonsense FAKE-password',
    'mysql://user:FAKE-password@host/db',
    'postgresql://user:FAKE-password@/db',
    'postgresql://user:FAKE-password@a,b/db',
    'postgresql://:FAKE-password@host/db',
    'postgresql://user:FAKE-password%@host/db',
    'postgresql://user:FAKE-password@host:port/db',
    'postgresql://user:FAKE-password@host/db?sslmode=FAKE-mode',
    'postgresql://user:FAKE-password@host/db?sslrootcert=/FAKE/none',
    'host=localhost password=FAKE-password',
  ])('is refused by name, and not shown: %s', (connection) => {
    const refusal = thrownBy(() => createPostgresStorage({ connectionString: connection }))
    expect(refusal).toBeInstanceOf(ConfigurationError)
    expect((refusal as ConfigurationError).option).toBe('connectionString')
    expect(String(refusal)).not.toMatch(/FAKE/)
  })
})

it('shows no password, in inspections and errors alike', async () => {
  const silent = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const storage = createPostgresStorage({ connectionString: `postgresql://user:FAKE-password@127.0.0.1:${port}/app` })
  const refusal: unknown = await storage.clientKeys.list().catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'unavailable' })
  expect(inspect([refusal, storage], { depth: 20, showHidden: true })).not.toContain('FAKE-password')
  await storage.close()
  silent.close()
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return null
}
