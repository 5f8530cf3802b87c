import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type ExchangeRecord, listConversations } from '@agent-prompt-train/core'
import { createPostgresStorage } from '@agent-prompt-train/storage-pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from '../../core/test/support/conversation-scenarios.js'
import { shuffle, Transcripts, toScore } from '../../core/test/support/transcripts.js'
import { createRoledDatabase, type RoledDatabase } from './support/serving-role.js'

const WRITER = fileURLToPath(new URL('support/writer.mjs', import.meta.url))

const databases: RoledDatabase[] = []
const records: ExchangeRecord[] = []
const truth = new Map<string, string | null>()

beforeAll(async () => {
  databases.push(await createRoledDatabase(), await createRoledDatabase())
  for (const [n, scenario] of scenarios.entries()) {
    const transcripts = new Transcripts(`s${n}`)
    scenario.play(transcripts)
    records.push(...transcripts.records)
    for (const [requestId, follows] of transcripts.truth) truth.set(requestId, follows)
  }
})

afterAll(async () => {
  for (const database of databases) await database.drop()
})

/** Conversations and sums, as anybody reads them. */
async function readAll({ servingUrl }: RoledDatabase) {
  const { exchanges, close } = createPostgresStorage({ connectionString: servingUrl })
  try {
    return {
      linked: await listConversations(exchanges),
      ofOne: await listConversations(exchanges, { domain: 'a.example.com' }),
      sums: await exchanges.usage({}, ['day', 'domain', 'keyId', 'model']),
    }
  } finally {
    await close()
  }
}

async function startWriter({ servingUrl }: RoledDatabase): Promise<ChildProcess> {
  const writer = fork(WRITER, [servingUrl])
  await once(writer, 'message')
  return writer
}

describe('a database that two processes write at once', () => {
  it('gives the links and sums of one that was written in order', async () => {
    const [inOrder, atOnce] = databases as [RoledDatabase, RoledDatabase]
    const { exchanges, close } = createPostgresStorage({ connectionString: inOrder.servingUrl })
    const ordered = records.toSorted((a, b) => a.startedAt - b.startedAt || (a.requestId < b.requestId ? -1 : 1))
    for (const record of ordered) await exchanges.append([record])
    await close()

    const writers = [await startWriter(atOnce), await startWriter(atOnce)]
    const mixed = shuffle(records, 7)
    // Some come twice, as after a failure whose outcome nobody knows.
    const middle = Math.floor(mixed.length / 2)
    const halves = [mixed.slice(0, middle + 50), mixed.slice(middle - 50).reverse()]
    const exits = writers.map((writer) => once(writer, 'exit'))
    for (const [i, writer] of writers.entries()) writer.send(halves[i]!)
    expect(await Promise.all(exits)).toEqual([
      [0, null],
      [0, null],
    ])

    const [expected, found] = [await readAll(inOrder), await readAll(atOnce)]
    const score = toScore(found.linked, truth)
    console.info(`written by two processes at once: ${JSON.stringify({ ...score, ...found.linked.linking })}`)
    expect(found).toEqual(expected)
    expect(score).toMatchObject({ exchanges: records.length, missed: 0, wrong: 0 })
    expect(found.linked.linking.exchanges).toBe(records.length)
    expect(found.ofOne.conversations.map(({ domain }) => domain)).toEqual(['a.example.com'])
    expect(found.sums.reduce((sum, { requests }) => sum + requests, 0)).toBe(records.length)
  })
})
