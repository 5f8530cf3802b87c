import type { ExchangeRecord } from '@agent-prompt-train/core'
import { createPostgresStorage, type PostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newContent, newRecord } from '../../../storage-pg/test/support/records.js'
import { createRoledDatabase, type RoledDatabase } from '../../../storage-pg/test/support/serving-role.js'
import { makeFolder, type Variables } from '../support/command.js'
import { run, runJson, runJsonProcess, runProcess } from '../support/run.js'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

let database: RoledDatabase
let owner: PostgresStorage
let variables: Variables
let asOwner: Variables

beforeAll(async () => {
  database = await createRoledDatabase()
  owner = createPostgresStorage({ connectionString: database.ownerUrl })
  variables = { DATABASE_URL: database.servingUrl }
  asOwner = { DATABASE_URL: database.ownerUrl, RETENTION_DAYS: '30' }
})

afterAll(async () => {
  await owner.close()
  await database.drop()
})

/** Stores records of 60 days ago, a minute apart; gives their ids. */
async function append(...facts: readonly Partial<ExchangeRecord>[]): Promise<string[]> {
  const began = Date.now() - 60 * DAY_MS
  const records = facts.map((fact, i) =>
    newRecord({ startedAt: began + i * MINUTE_MS, content: newContent(1), ...fact }),
  )
  await owner.exchanges.append(records)
  return records.map(({ requestId }) => requestId)
}

async function areThere(ids: readonly string[]): Promise<boolean[]> {
  return Promise.all(ids.map(async (id) => (await owner.exchanges.find(id)) !== null))
}

describe('holds', () => {
  it('keep a conversation whole, whichever of its requests is named, until they are released', async () => {
    const folder = makeFolder()
    const session = { sessionId: 'session-1' }
    const [first, second, agent, other] = (await append(session, session, { ...session, agentId: 'agent-1' }, {})) as [
      ...[string, string, string, string],
    ]
    const { held } = await runJsonProcess(folder, `holds add ${second}`, variables)
    expect(held.sort()).toEqual([first, second, agent].sort())
    expect(await runJsonProcess(folder, 'purge', asOwner)).toEqual({ records: 1, bodies: 1 })
    expect(await areThere([first, second, agent, other])).toEqual([true, true, true, false])

    const list = await runJson(folder, 'holds list', variables)
    expect(list.holds).toHaveLength(3)
    expect(list.holds[0]).toEqual({
      requestId: expect.any(String),
      domain: 'example.com',
      heldAt: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    const deleted = await runProcess(folder, 'delete --domain example.com --yes', { variables: asOwner })
    expect(deleted.stdout).toBe(
      'Removed of example.com: records: 0, bodies: 0. 3 on hold were kept: "prompt-train holds list".\n',
    )

    const { stdout } = await runProcess(folder, `holds release ${agent}`, { variables })
    expect(stdout).toBe('3 requests are no longer on hold.\n')
    expect((await runProcess(folder, 'holds list', { variables })).stdout).toBe('Nothing is on hold.\n')
    expect(await runJson(folder, 'delete --domain example.com --yes', asOwner)).toEqual({
      records: 3,
      bodies: 3,
      kept: 0,
    })
    expect(await areThere([first, second, agent])).toEqual([false, false, false])
  })

  it('take the conversation whole where it is to be looked for from later than its requests', async () => {
    const session = { sessionId: 'session-2' }
    const ids = await append(session, session)
    const { held } = await runJson(makeFolder(), `holds add ${ids[0]} --since 1d`, variables)
    expect(held.sort()).toEqual(ids.sort())
    const { released } = await runJson(makeFolder(), `holds release ${ids[0]}`, variables)
    expect(released.sort()).toEqual(held)
  })

  it('take a request of no known domain alone', async () => {
    const folder = makeFolder()
    const [refused] = await append({ domain: null, content: null, status: 401 })
    const { stdout } = await run(folder, `holds add ${refused}`, { variables })
    expect(stdout).toMatch(/^1 request on hold until/)
    expect((await run(folder, 'holds list', { variables })).stdout).toContain(`-       ${refused}\n`)
    expect(await runJson(folder, `holds release ${refused}`, variables)).toEqual({ released: [refused] })
  })

  it('say which request is not there', async () => {
    const { code, stderr } = await run(makeFolder(), 'holds add unknown', { variables })
    expect(code).toBe(1)
    expect(stderr).toBe('prompt-train: no request "unknown" is recorded here\n')
  })
})

describe('delete', () => {
  it('wants --yes where nobody can be asked, and says where there is nothing', async () => {
    const refused = await run(makeFolder(), 'delete --domain example.com', { variables: asOwner })
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') })
    const nothing = await run(makeFolder(), 'delete --domain defualt.example --yes', { variables: asOwner })
    expect(nothing).toEqual({ code: 0, stdout: 'Nothing was recorded of defualt.example.\n', stderr: '' })
  })

  it('says that the serving role may not', async () => {
    const { code, stderr } = await run(makeFolder(), 'delete --domain example.com --yes', { variables })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^prompt-train: The database role lacks/)
    expect(stderr).not.toMatch(/\n.+/)
  })
})
