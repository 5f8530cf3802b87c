import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import type {
  AppendReport,
  ContentPart,
  ExchangeFilter,
  ExchangeRecord,
  ExchangeStore,
  HistoryRun,
  RepriceReport,
  StoredContent,
} from '../storage/exchange-store.js'
import { assertIs, type ContractCase } from './contract-case.js'

/** What an exchange store's author writes to run {@link exchangeStoreCases}. */
export interface ExchangeStoreHarness {
  /** Opens one more handle on one and the same backend, which is empty when the first of a case is opened. */
  open(): Promise<{ readonly exchanges: ExchangeStore; close(): Promise<void> | void }>
}

const DAY_MS = 86_400_000
/** Noon, UTC. */
const START = Date.UTC(2026, 2, 10, 12)

/** What every exchange store must hold to: the sentences of {@link ExchangeStore}. */
export const exchangeStoreCases: readonly ContractCase<ExchangeStoreHarness>[] = [
  storeCase('find gives null for an exchange that is not stored', async ({ first }) => {
    assertIs(await first.find(randomUUID()), null, 'what find gives')
  }),

  storeCase('what one handle has stored, another sees at once', async ({ first, second }) => {
    const record = newRecord()
    await first.append([record])
    assert.deepEqual(await second.find(record.requestId), record)
  }),

  storeCase('every field is kept, null or not', async ({ first }) => {
    const nothing = newRecord(NOTHING)
    const everything = newRecord({
      ...{ aborted: true, broken: true, errorType: 'api_error', stopReason: 'end_turn' },
      cost: { ...newRecord().cost!, notional: true, incomplete: true, estimatedOutputTokens: 40 },
    })
    await first.append([nothing, everything])
    assert.deepEqual(await first.find(nothing.requestId), nothing)
    assert.deepEqual(await first.find(everything.requestId), everything)
  }),

  storeCase('usage is kept as received, with fields nobody knows', async ({ first }) => {
    const usage = { input_tokens: 1, later_field: { deep: [null, 'x\u0000y', '\ud800', 2 ** 53] } }
    const record = newRecord({ usage })
    await first.append([record])
    assert.deepEqual((await first.find(record.requestId))?.usage, usage)
  }),

  storeCase('text that a client made up does not keep a record out', async ({ first }) => {
    const long = randomBytes(20_000).toString('hex')
    const record = newRecord({
      modelAsked: 'a\u0000b',
      model: long,
      path: `/v1/\ud800`,
      sessionId: `'; drop table x; --"\\`,
    })
    await first.append([record])
    const found = await first.find(record.requestId)
    assertIs(found?.sessionId, record.sessionId, 'session id')
    assertIs(found?.status, record.status, 'status')
    assert.deepEqual((await first.list({ model: 'a\u0000b' }, { limit: 1 })).exchanges, [])
  }),

  storeCase('a batch whose bodies are large is stored', async ({ first }) => {
    const large = () => ({ ...newContent(history(1)), answer: randomBytes(3_000_000) })
    const records = Array.from({ length: 5 }, () => newRecord({ content: large() }))
    await first.append(records)
    const found = await first.find(records[4]!.requestId)
    const [stored, sent] = [found, records[4]].map((record) => Buffer.from(record!.content!.answer!))
    assert.ok(stored!.equals(sent!), 'the answer of the last record is not what was stored')
  }),

  storeCase('append of nothing stores nothing', async ({ first }) => {
    await first.append([])
    assert.deepEqual((await first.list({}, { limit: 10 })).exchanges, [])
  }),

  storeCase('append stores a batch of 500', async ({ first }) => {
    const domain = freshDomain()
    await first.append(Array.from({ length: 500 }, (_, i) => newRecord({ domain, startedAt: START + i })))
    const [sum] = await first.usage({ domain }, [])
    assertIs(sum?.requests, 500, 'requests summed')
  }),

  storeCase('a record that comes again is ignored, with all it would add to sums', async ({ first, second }) => {
    const domain = freshDomain()
    const [one, two] = [newRecord({ domain }), newRecord({ domain })]
    await first.append([one, one])
    await second.append([one, two])
    await first.append([two])
    assertIs((await first.list({ domain }, { limit: 10 })).exchanges.length, 2, 'exchanges listed')
    assertIs((await first.usage({ domain }, []))[0]?.requests, 2, 'requests summed')
  }),

  storeCase('a record that is sent by both handles at once is stored once', async ({ first, second }) => {
    const domain = freshDomain()
    const records = Array.from({ length: 50 }, () => newRecord({ domain }))
    const again = records.toReversed()
    await Promise.all([first.append(records), second.append(again), first.append(again), second.append(records)])
    assertIs((await first.usage({ domain }, []))[0]?.requests, 50, 'requests summed')
    assertIs((await first.list({ domain }, { limit: 100 })).exchanges.length, 50, 'exchanges listed')
  }),

  storeCase('sums of batches that are stored at once are exact', async ({ first, second }) => {
    const domain = freshDomain()
    const batch = () => Array.from({ length: 20 }, () => newRecord({ domain }))
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? first : second).append(batch())))
    const [sum] = await first.usage({ domain }, [])
    assertIs(sum?.requests, 200, 'requests summed')
    assertIs(sum?.inputTokens, 2_000, 'input tokens summed')
    assertIs(sum?.costMicroUsd, 200 * 12.5, 'costMicroUsd summed')
  }),

  storeCase('list gives the newest first, without content', async ({ first }) => {
    const domain = freshDomain()
    const records = [2, 0, 1].map((i) => newRecord({ domain, startedAt: START + i, content: newContent() }))
    await first.append(records)
    const { exchanges, next } = await first.list({ domain }, { limit: 10 })
    assert.deepEqual(
      exchanges.map(({ startedAt }) => startedAt - START),
      [2, 1, 0],
    )
    assert.ok(
      exchanges.every(({ content }) => content === null),
      'list gives content',
    )
    assertIs(next, null, 'next of the last page')
  }),

  storeCase('list gives what links exchanges, also when the content is gone', async ({ first }) => {
    const record = newRecord({ content: newContent(history(2)) })
    await first.append([record])
    await first.purge(START + DAY_MS, { recordsMs: null, bodiesMs: 1 })
    const { exchanges } = await first.list({ domain: record.domain! }, { limit: 1 })
    assert.deepEqual(exchanges, [{ ...record, content: null }])
  }),

  storeCase('list pages through exchanges that began in the same millisecond', async ({ first }) => {
    const domain = freshDomain()
    await first.append(Array.from({ length: 25 }, () => newRecord({ domain })))
    const seen: string[] = []
    let after: string | null = null
    do {
      const page = await first.list({ domain }, { limit: 10, ...(after !== null && { after }) })
      seen.push(...page.exchanges.map(({ requestId }) => requestId))
      after = page.next
    } while (after !== null)
    assertIs(seen.length, 25, 'exchanges on all pages')
    assertIs(new Set(seen).size, 25, 'different exchanges on all pages')
  }),

  storeCase('a page of just what is left is the last', async ({ first }) => {
    const domain = freshDomain()
    await first.append([newRecord({ domain }), newRecord({ domain })])
    assertIs((await first.list({ domain }, { limit: 2 })).next, null, 'next of the last page')
  }),

  ...(
    [
      ['domain', { domain: 'a.example.com' }, 2],
      ['keyId', { keyId: 'key2' }, 1],
      ['model', { model: 'claude-b' }, 2],
      ['status', { status: 429 }, 2],
      ['from, inclusive', { from: START + 1 }, 3],
      ['to, exclusive', { to: START + 1 }, 1],
      ['every field given', { domain: 'b.example.com', status: 429, from: START, to: START + 3 }, 1],
      ['nothing in common', { domain: 'a.example.com', keyId: 'key3' }, 0],
    ] satisfies [string, ExchangeFilter, number][]
  ).map(([name, filter, expected]) =>
    storeCase(`list, export and usage match ${name}`, async ({ first }) => {
      const shared = { keyId: 'key1', model: 'claude-a', status: 200 }
      await first.append([
        newRecord({ ...shared, domain: 'a.example.com', startedAt: START }),
        newRecord({ ...shared, domain: 'a.example.com', startedAt: START + 1, keyId: 'key2', status: 429 }),
        newRecord({ ...shared, domain: 'b.example.com', startedAt: START + 2, model: 'claude-b', status: 429 }),
        newRecord({ ...shared, domain: 'b.example.com', startedAt: START + 3, model: 'claude-b', keyId: 'key3' }),
      ])
      assertIs((await first.list(filter, { limit: 10 })).exchanges.length, expected, 'exchanges listed')
      assertIs((await all(first.export(filter))).length, expected, 'exchanges exported')
      assertIs((await first.usage(filter, []))[0]?.requests ?? 0, expected, 'requests summed')
    }),
  ),

  storeCase('find gives all runs and parts from the first message to the tip, in order', async ({ first }) => {
    const domain = freshDomain()
    const [a, b, c] = history(3)
    const one = newRecord({ domain, content: newContent([a!]) })
    const two = newRecord({ domain, content: newContent([b!, c!]) })
    await first.append([one, two])
    assert.deepEqual((await first.find(two.requestId))?.content, newContent([a!, b!, c!]))
  }),

  storeCase('a history of 3,000 messages is given whole, in one run or many', async ({ first }) => {
    const domain = freshDomain()
    const parts = Array.from({ length: 3_000 }, hex)
    const whole = newRecord({ domain, content: newContent([{ id: hex(), parent: null, parts }]) })
    const runs = history(1_000)
    const pieces = newRecord({ domain, content: newContent(runs) })
    await first.append([whole, pieces])
    assert.deepEqual((await first.find(whole.requestId))?.content, whole.content)
    assert.deepEqual((await first.find(pieces.requestId))?.content, pieces.content)
  }),

  storeCase('two histories may share the run that they go on after', async ({ first }) => {
    const domain = freshDomain()
    const [a, b] = history(2)
    const branch = { id: hex(), parent: a!.id, parts: [hex()] }
    const records = [[a!], [b!], [branch]].map((runs) => newRecord({ domain, content: newContent(runs) }))
    await first.append(records)
    assert.deepEqual((await first.find(records[1]!.requestId))?.content, newContent([a!, b!]))
    assert.deepEqual((await first.find(records[2]!.requestId))?.content, newContent([a!, branch]))
  }),

  storeCase('known runs and parts are ignored', async ({ first, second }) => {
    const domain = freshDomain()
    const content = newContent(history(3))
    const [one, two] = [newRecord({ domain, content }), newRecord({ domain, content })]
    await first.append([one])
    await second.append([two])
    await first.append([one, two])
    assert.deepEqual((await first.find(two.requestId))?.content, content)
  }),

  storeCase('a history goes on in another handle, to the end of the day', async ({ first, second }) => {
    const domain = freshDomain()
    const [a, b, c, d] = history(4)
    const hours = [[a!, b!], [c!], [d!], []].map((runs, i) =>
      newRecord({
        domain,
        startedAt: START + i * (DAY_MS / 8),
        content: { ...newContent(runs), tip: runs.at(-1)?.id ?? d!.id },
      }),
    )
    for (const [i, record] of hours.entries()) await (i % 2 === 0 ? first : second).append([record])
    const runs = async (record: ExchangeRecord) => (await first.find(record.requestId))?.content?.runs
    assert.deepEqual(await runs(hours[1]!), [a, b, c])
    assert.deepEqual(await runs(hours[3]!), [a, b, c, d])
  }),

  storeCase('a run that comes without a parent takes the place of one whose parent is lost', async ({ first }) => {
    const domain = freshDomain()
    const [lost, b, c] = history(3)
    const whole = { ...b!, parent: null, parts: [...lost!.parts, ...b!.parts] }
    const [lacking, resent, next] = [[b!], [whole], [b!, c!]].map((runs) =>
      newRecord({ domain, content: newContent(runs) }),
    )
    await first.append([lacking!])
    await first.append([resent!])
    await first.append([next!])
    assert.deepEqual((await first.find(lacking!.requestId))?.content?.runs, [whole])
    assert.deepEqual((await first.find(resent!.requestId))?.content, resent!.content)
    assert.deepEqual((await first.find(next!.requestId))?.content?.runs, [whole, c])
  }),

  storeCase('so it does where both come in one batch, in whatever order', async ({ first }) => {
    for (const isFirst of [true, false]) {
      const domain = freshDomain()
      const [lost, b] = history(2)
      const whole = { ...b!, parent: null, parts: [...lost!.parts, ...b!.parts] }
      const [lacking, resent] = [b!, whole].map((run) => newRecord({ domain, content: newContent([run]) }))
      await first.append(isFirst ? [lacking!, resent!] : [resent!, lacking!])
      assert.deepEqual((await first.find(resent!.requestId))?.content, resent!.content)
    }
  }),

  storeCase(
    'append tells, where it tells anything, which records rest on what is not stored',
    async ({ first, second }) => {
      const domain = freshDomain()
      const [a, b, c] = history(3)
      const add = (content: StoredContent, of = domain) => newRecord({ domain: of, content })
      await second.append([add({ ...newContent([a!, b!]), references: b!.parts })])
      const whole = [
        newRecord({ domain }),
        add(newContent()),
        add(newContent(history(3))),
        add({ ...newContent([c!]), references: a!.parts }),
        add({ ...newContent([{ id: hex(), parent: c!.id, parts: b!.parts }]), parts: [] }),
        add({ ...newContent(), tip: a!.id }),
      ]
      const lacking = {
        'its tip': add({ ...newContent(), tip: hex() }),
        "its run's parent": add(newContent([{ id: hex(), parent: hex(), parts: [hex()] }])),
        'a part of its run': add({ ...newContent([{ id: hex(), parent: a!.id, parts: [hex()] }]), parts: [] }),
        'a part that it refers to': add({ ...newContent([c!]), references: [hex()] }),
        'what another domain has': add({ ...newContent(), tip: a!.id }, freshDomain()),
      }
      const records = [...whole, ...Object.values(lacking)]
      const missing = ({ incomplete }: AppendReport) =>
        Object.entries(lacking).flatMap(([what, { requestId }]) => (incomplete.includes(requestId) ? [what] : []))
      for (const time of ['first', 'second']) {
        const report = await first.append(records)
        if (!report) return
        assertIs(
          missing(report).join(', '),
          Object.keys(lacking).join(', '),
          `told of records without, the ${time} time`,
        )
        assertIs(report.incomplete.length, Object.keys(lacking).length, `records told of, the ${time} time`)
      }
    },
  ),

  storeCase(
    'append tells, where it tells anything, what goes on after a deletion, until it is brought whole',
    async ({ first, second }) => {
      const domain = freshDomain()
      const [a, b, c, d] = history(4)
      await first.append([newRecord({ domain, content: newContent([a!]) })])
      await second.deleteDomain(domain)
      const [rest, next] = [[b!], [c!]].map((runs) => newRecord({ domain, content: newContent(runs) }))
      const told = await first.append([rest!])
      if (!told) return
      assert.deepEqual(told, { incomplete: [rest!.requestId] })
      // The run before is stored: it is the one before that which is gone.
      assert.deepEqual(await second.append([next!]), { incomplete: [next!.requestId] })
      const whole = { ...d!, parent: null, parts: [a!, b!, c!, d!].flatMap(({ parts }) => parts) }
      const brought = newRecord({ domain, content: newContent([whole]) })
      assert.deepEqual(await first.append([brought]), { incomplete: [] })
      assert.deepEqual((await first.find(brought.requestId))?.content, brought.content)
    },
  ),

  storeCase('what goes with its retention takes nothing of a younger exchange along', async ({ first }) => {
    const domain = freshDomain()
    const [a, b] = history(2)
    const old = newRecord({ domain, content: newContent([a!]) })
    const young = newRecord({ domain, startedAt: START + 2 * DAY_MS, content: newContent([a!, b!]) })
    await first.append([old])
    await first.append([young])
    await first.purge(START + 3 * DAY_MS, { recordsMs: 2 * DAY_MS, bodiesMs: 2 * DAY_MS })
    assertIs(await first.find(old.requestId), null, 'the older exchange')
    assert.deepEqual((await first.find(young.requestId))?.content, newContent([a!, b!]))
  }),

  storeCase('purge takes nothing of a younger exchange of the same day along', async ({ first, second }) => {
    const domain = freshDomain()
    const [a, b] = history(2)
    const [tools, answer] = [hex(), hex()].map((hash) => ({ hash, sealed: bytes(`FAKE ${hash}`) }))
    const of = (runs: readonly HistoryRun[], referred: readonly ContentPart[]) => {
      const { parts, ...content } = newContent(runs)
      return { ...content, parts: [...parts, ...referred], references: referred.map(({ hash }) => hash) }
    }
    const old = newRecord({ domain, content: of([a!], [tools!]) })
    const { parts } = of([b!], [answer!])
    const rest = { ...of([b!], [tools!, answer!]), parts }
    const young = newRecord({ domain, startedAt: START + 2, content: rest })
    await first.append([old])
    await first.append([young])
    const report = await second.purge(START + DAY_MS + 1, { recordsMs: null, bodiesMs: DAY_MS })
    assert.deepEqual(report, { records: 0, bodies: 1 })
    assert.deepEqual(await first.find(old.requestId), { ...old, content: null })
    assert.deepEqual((await first.find(young.requestId))?.content, of([a!, b!], [tools!, answer!]))
  }),

  storeCase('find gives the parts referred to, after those of the messages', async ({ first, second }) => {
    const domain = freshDomain()
    const [tools, answer] = [hex(), hex()]
    const content = { ...newContent(history(2)), references: [tools, answer] }
    const referred = [tools, answer].map((hash) => ({ hash, sealed: bytes(`FAKE ${hash}`) }))
    const one = newRecord({ domain, content: { ...content, parts: [...referred, ...content.parts] } })
    const two = newRecord({ domain, content: { ...newContent(), references: [answer], parts: [] } })
    await first.append([one])
    await second.append([two])
    const expected = { ...content, parts: [...content.parts, ...referred] }
    assert.deepEqual((await second.find(one.requestId))?.content, expected)
    assert.deepEqual((await all(first.export({ domain, to: START + 1 }))).find(isSame(one))?.content, expected)
    assert.deepEqual((await first.find(two.requestId))?.content?.parts, [referred[1]])
  }),

  storeCase('equal runs of two domains are two', async ({ first }) => {
    const runs = history(2)
    const one = newRecord({ domain: freshDomain(), content: newContent(runs, 'FAKE one') })
    const two = newRecord({ domain: freshDomain(), content: newContent(runs, 'FAKE two') })
    await first.append([one, two])
    await first.deleteDomain(one.domain!)
    assert.deepEqual((await first.find(two.requestId))?.content, newContent(runs, 'FAKE two'))
  }),

  storeCase('content without messages is kept', async ({ first }) => {
    const bare: StoredContent = {
      request: null,
      tip: null,
      runs: [],
      parts: [],
      references: [],
      answer: null,
      truncated: true,
    }
    const record = newRecord({ content: bare })
    await first.append([record])
    assert.deepEqual(await first.find(record.requestId), record)
  }),

  storeCase('export gives every exchange that matches, oldest first, with its content', async ({ first }) => {
    const domain = freshDomain()
    const records = Array.from({ length: 450 }, (_, i) => newRecord({ domain, startedAt: START + i }))
    const withContent = newRecord({ domain, startedAt: START + 450, content: newContent(history(2)) })
    await first.append([withContent, ...records])
    const exported = await all(first.export({ domain }))
    assert.deepEqual(exported, [...records, withContent])
  }),

  storeCase('usage sums tokens, cost apart from what is notional, and unpriced requests', async ({ first }) => {
    const domain = freshDomain()
    const usage = {
      input_tokens: 1,
      output_tokens: 2,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 9,
      cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 5 },
    }
    const cost = { ...newRecord().cost!, priceRow: null }
    await first.append([
      newRecord({ domain, usage, cost: { ...cost, microUsd: 0.1 } }),
      newRecord({ domain, usage, cost: { ...cost, microUsd: 0.2 } }),
      newRecord({ domain, usage, cost: { ...cost, microUsd: 0.7, notional: true } }),
      newRecord({ domain, usage, cost: { ...cost, microUsd: 0.1, notional: true } }),
      newRecord({ domain, usage, cost: { ...cost, microUsd: null } }),
      newRecord({ domain, usage: null, cost: null }),
    ])
    assert.deepEqual(await first.usage({ domain }, []), [
      {
        day: null,
        domain: null,
        keyId: null,
        model: null,
        requests: 6,
        inputTokens: 5,
        outputTokens: 10,
        cacheReadTokens: 15,
        cacheWrite5mTokens: 20,
        cacheWrite1hTokens: 25,
        costMicroUsd: 0.3,
        notionalMicroUsd: 0.8,
        unpricedRequests: 1,
      },
    ])
  }),

  storeCase('usage leaves out what did not reach the upstream', async ({ first }) => {
    const domain = freshDomain()
    await first.append([newRecord({ domain }), newRecord({ ...NOTHING, domain, status: 401 })])
    assertIs((await first.usage({ domain }, []))[0]?.requests, 1, 'requests summed')
  }),

  storeCase('usage sums by the dimensions asked for; the others are null', async ({ first }) => {
    const shared = { domain: freshDomain(), keyId: 'key1', model: 'claude-a' }
    await first.append([
      newRecord(shared),
      newRecord({ ...shared, startedAt: START + DAY_MS }),
      newRecord({ ...shared, keyId: null, model: 'claude-b' }),
    ])
    const rows = await first.usage({ domain: shared.domain }, ['day', 'model'])
    assert.deepEqual(
      rows.map(({ day, domain, keyId, model, requests }) => ({ day, domain, keyId, model, requests })).sort(byText),
      [
        { day: '2026-03-10', domain: null, keyId: null, model: 'claude-a', requests: 1 },
        { day: '2026-03-10', domain: null, keyId: null, model: 'claude-b', requests: 1 },
        { day: '2026-03-11', domain: null, keyId: null, model: 'claude-a', requests: 1 },
      ],
    )
    const byKey = await first.usage({ domain: shared.domain }, ['domain', 'keyId'])
    assert.deepEqual(byKey.map(({ keyId, requests }) => `${keyId} ${requests}`).sort(), ['key1 2', 'null 1'])
    assert.ok(
      byKey.every(({ domain }) => domain === shared.domain),
      'a row by domain names another domain',
    )
  }),

  storeCase('usage cuts days at from and to', async ({ first }) => {
    const domain = freshDomain()
    const hours = Array.from({ length: 96 }, (_, i) => START + i * 3_600_000)
    await first.append(hours.map((startedAt) => newRecord({ domain, startedAt })))
    for (const [from, to] of [
      [0, 96],
      [1, 95],
      [12, 36],
      [13, 35],
      [12, 12],
      [11, 13],
      [20, 90],
    ] as const) {
      const filter = { domain, from: hours[0]! + from * 3_600_000, to: hours[0]! + to * 3_600_000 }
      assertIs((await first.usage(filter, []))[0]?.requests ?? 0, to - from, `requests of hours ${from} to ${to}`)
    }
    assertIs((await first.usage({ domain, from: hours[50]! }, []))[0]?.requests, 46, 'requests from hour 50 on')
    assertIs((await first.usage({ domain, to: hours[50]! }, []))[0]?.requests, 50, 'requests before hour 50')
  }),

  storeCase('usage of nothing is empty', async ({ first }) => {
    assert.deepEqual(await first.usage({ domain: freshDomain() }, ['day']), [])
  }),

  storeCase('reprice sets the cost of what matches, and the sums with it', async ({ first, second }) => {
    const domain = freshDomain()
    const billed = newRecord({ domain, content: newContent(history(2)) })
    const notional = newRecord({ domain, startedAt: START + 1, cost: { ...billed.cost!, notional: true } })
    const unreached = newRecord({ ...NOTHING, domain, startedAt: START + 2 })
    const other = newRecord({ domain: freshDomain() })
    await first.append([billed, notional, unreached, other])
    const double = ({ cost }: ExchangeRecord) => cost && { ...cost, microUsd: cost.microUsd! * 2, priceRow: 'doubled' }
    const report = await total(first.reprice({ domain }, double))
    assert.deepEqual(report, { records: 3, changed: 2, costMicroUsd: 12.5, notionalMicroUsd: 12.5 })
    assert.deepEqual(await second.find(billed.requestId), { ...billed, cost: double(billed) })
    assert.deepEqual(await second.find(notional.requestId), { ...notional, cost: double(notional) })
    assert.deepEqual(await second.find(unreached.requestId), unreached)
    assert.deepEqual(await second.find(other.requestId), other)
    const [sum] = await second.usage({ domain }, [])
    assert.deepEqual([sum?.requests, sum?.costMicroUsd, sum?.notionalMicroUsd], [2, 25, 25])
    assertIs((await second.usage({ domain: other.domain! }, []))[0]?.costMicroUsd, 12.5, 'the cost of another domain')
  }),

  storeCase(
    'reprice gives each record without its content, oldest first, from the first to the last',
    async ({ first }) => {
      const domain = freshDomain()
      const records = Array.from({ length: 1_100 }, (_, i) =>
        newRecord({ domain, startedAt: START + Math.floor(i / 3) }),
      )
      await first.append([...records.slice(1), newRecord({ ...records[0]!, content: newContent(history(1)) })])
      const seen: ExchangeRecord[] = []
      const report = await total(
        first.reprice({ domain }, (record) => {
          seen.push(record)
          return record.cost
        }),
      )
      assertIs(report.records, 1_100, 'records looked at')
      assert.ok(
        seen.every(({ startedAt }, i) => i === 0 || seen[i - 1]!.startedAt <= startedAt),
        'a younger record was priced before an older one',
      )
      assertIs(new Set(seen.map(({ requestId }) => requestId)).size, 1_100, 'different records priced')
      assert.deepEqual(seen.find(isSame(records[0]!)), records[0])
    },
  ),

  storeCase('reprice takes a price away and gives it back; what stays as it is is not changed', async ({ first }) => {
    const domain = freshDomain()
    await first.append([newRecord({ domain }), newRecord({ domain, usage: null, cost: null })])
    const unpriced = async () => (await first.usage({ domain }, []))[0]?.unpricedRequests
    const without = ({ cost }: ExchangeRecord) => cost && { ...cost, microUsd: null, priceRow: null }
    const gone = { records: 2, changed: 1, costMicroUsd: -12.5, notionalMicroUsd: 0 }
    assert.deepEqual(await total(first.reprice({ domain }, without)), gone)
    assertIs(await unpriced(), 1, 'unpriced requests after the price was taken away')
    assert.deepEqual(await total(first.reprice({ domain }, without)), { ...gone, changed: 0, costMicroUsd: 0 })
    const again = ({ usage }: ExchangeRecord) => (usage === null ? null : newRecord().cost)
    assert.deepEqual(await total(first.reprice({ domain }, again)), { ...gone, costMicroUsd: 12.5 })
    assertIs(await unpriced(), 0, 'unpriced requests after it was given back')
  }),

  storeCase('reprice moves a cost between what is billed and what is notional', async ({ first }) => {
    const domain = freshDomain()
    await first.append([newRecord({ domain })])
    const report = await total(first.reprice({ domain }, ({ cost }) => ({ ...cost!, notional: true })))
    assert.deepEqual(report, { records: 1, changed: 1, costMicroUsd: -12.5, notionalMicroUsd: 12.5 })
    const [sum] = await first.usage({ domain }, [])
    assert.deepEqual([sum?.costMicroUsd, sum?.notionalMicroUsd], [0, 12.5])
  }),

  storeCase('a price that fails fails the repricing, and changes nothing of its step', async ({ first, second }) => {
    const domain = freshDomain()
    const records = [newRecord({ domain }), newRecord({ domain, startedAt: START + 1 })]
    await first.append(records)
    const failing = ({ cost, startedAt }: ExchangeRecord) => {
      if (startedAt > START) throw new Error('FAKE failure')
      return { ...cost!, microUsd: 1 }
    }
    await assert.rejects(total(first.reprice({ domain }, failing)), { message: 'FAKE failure' })
    assert.deepEqual(await second.find(records[0]!.requestId), records[0])
    assertIs((await second.usage({ domain }, []))[0]?.costMicroUsd, 25, 'costMicroUsd summed')
  }),

  storeCase(
    'sums are those of the records when repricings and batches are stored at once',
    async ({ first, second }) => {
      const domain = freshDomain()
      const batch = (day: number) =>
        Array.from({ length: 30 }, (_, i) =>
          newRecord({ domain, startedAt: START + day * DAY_MS + i, model: `claude-${i % 3}` }),
        )
      for (const day of [0, 1]) await first.append(batch(day))
      const at = (microUsd: number) => () => ({ ...newRecord().cost!, microUsd })
      await Promise.all([
        total(first.reprice({ domain }, at(3.5))),
        second.append(batch(0)),
        total(second.reprice({ domain }, at(7.25))),
        first.append(batch(1)),
      ])
      const records = await all(first.export({ domain }))
      assertIs(records.length, 120, 'exchanges exported')
      const sum = (some: readonly ExchangeRecord[]) => some.reduce((micro, { cost }) => micro + cost!.microUsd!, 0)
      for (const row of await second.usage({ domain }, ['day', 'model'])) {
        const counted = records.filter(
          ({ startedAt, model }) => new Date(startedAt).toISOString().startsWith(row.day!) && model === row.model,
        )
        assertIs(row.costMicroUsd, sum(counted), `costMicroUsd of ${row.day}, ${row.model}`)
      }
      assertIs((await total(first.reprice({ domain }, at(2)))).costMicroUsd, 240 - sum(records), 'the change reported')
      assertIs((await second.usage({ domain }, []))[0]?.costMicroUsd, 240, 'costMicroUsd summed')
    },
  ),

  storeCase('reprice of nothing gives no report', async ({ first }) => {
    assert.deepEqual(await all(first.reprice({ domain: freshDomain() }, () => null)), [])
  }),

  storeCase('purge removes what is older than its retention, to the millisecond', async ({ first, second }) => {
    const [old, young] = [newRecord({ startedAt: START - 1 }), newRecord({ startedAt: START })]
    await first.append([old, young])
    const report = await second.purge(START + DAY_MS, { recordsMs: DAY_MS, bodiesMs: DAY_MS })
    assert.deepEqual(report, { records: 1, bodies: 0 })
    assertIs(await first.find(old.requestId), null, 'the older exchange')
    assert.notEqual(await first.find(young.requestId), null)
  }),

  storeCase('purge removes bodies before their records', async ({ first }) => {
    const [old, young] = [-1, 0].map((i) => newRecord({ startedAt: START + i, content: newContent(history(2)) }))
    await first.append([old!, young!])
    const report = await first.purge(START + DAY_MS, { recordsMs: null, bodiesMs: DAY_MS })
    assert.deepEqual(report, { records: 0, bodies: 1 })
    assert.deepEqual(await first.find(old!.requestId), { ...old!, content: null })
    assert.deepEqual(await first.find(young!.requestId), young)
  }),

  storeCase('bodies never outlive their records', async ({ first }) => {
    const old = newRecord({ startedAt: START - 1, content: newContent(history(2)) })
    await first.append([old])
    const report = await first.purge(START + DAY_MS, { recordsMs: DAY_MS, bodiesMs: null })
    assert.deepEqual(report, { records: 1, bodies: 1 })
  }),

  storeCase('purge keeps for ever where the retention is null', async ({ first }) => {
    const record = newRecord({ content: newContent(history(2)) })
    await first.append([record])
    assert.deepEqual(await first.purge(START + 9_999 * DAY_MS, { recordsMs: null, bodiesMs: null }), NONE)
    assert.deepEqual(await first.find(record.requestId), record)
  }),

  storeCase("a domain's own retention goes before the general one", async ({ first }) => {
    const domains = ['general', 'shorter', 'longer', 'forever']
    const records = domains.map((domain) =>
      newRecord({ domain, startedAt: START - 20 * DAY_MS, content: newContent(history(2)) }),
    )
    await first.append(records)
    const keep = (days: number | null) => {
      const ms = days === null ? null : days * DAY_MS
      return { recordsMs: ms, bodiesMs: ms }
    }
    const own = { shorter: keep(10), longer: keep(40), forever: keep(null) }
    const left = async () => {
      const found = await Promise.all(records.map(({ requestId }) => first.find(requestId)))
      return domains.filter((_, i) => found[i]?.content != null)
    }
    assert.deepEqual(await first.purge(START, keep(25), own), { records: 1, bodies: 1 })
    assert.deepEqual(await left(), ['general', 'longer', 'forever'])
    assert.deepEqual(await first.purge(START + 10 * DAY_MS, keep(25), own), { records: 1, bodies: 1 })
    assert.deepEqual(await left(), ['longer', 'forever'])
    assert.deepEqual(await first.purge(START + 1_000 * DAY_MS, keep(25), own), { records: 1, bodies: 1 })
    assert.deepEqual(await left(), ['forever'])
  }),

  storeCase('a record that comes after its purge is stored, and goes with the next', async ({ first }) => {
    const retention = { recordsMs: DAY_MS, bodiesMs: DAY_MS }
    const late = newRecord({ startedAt: START - 30 * DAY_MS, content: newContent(history(2)) })
    await first.append([newRecord({ startedAt: START - 30 * DAY_MS })])
    await first.purge(START, retention)
    await first.append([late])
    assert.deepEqual(await first.find(late.requestId), late)
    assert.deepEqual(await first.purge(START, retention), { records: 1, bodies: 1 })
  }),

  storeCase('deleteDomain removes records, bodies and sums of the domain alone', async ({ first, second }) => {
    const [gone, kept] = [freshDomain(), freshDomain()]
    const runs = history(2)
    const record = newRecord({ domain: kept, content: newContent(runs) })
    await first.append([
      record,
      ...[0, 1, 40].map((day) =>
        newRecord({ domain: gone, startedAt: START + day * DAY_MS, content: newContent(runs) }),
      ),
    ])
    assert.deepEqual(await second.deleteDomain(gone), { records: 3, bodies: 3 })
    assert.deepEqual((await first.list({ domain: gone }, { limit: 10 })).exchanges, [])
    assert.deepEqual(await first.usage({ domain: gone }, []), [])
    assert.deepEqual(await first.find(record.requestId), record)
    assertIs((await first.usage({ domain: kept }, []))[0]?.requests, 1, 'requests of the domain that stays')
    assert.deepEqual(await first.deleteDomain(gone), NONE)
  }),
]

const NONE = { records: 0, bodies: 0 }

/** A request that was refused before anything was known of it. */
const NOTHING: Partial<ExchangeRecord> = {
  domain: null,
  keyId: null,
  clientAddress: null,
  upstreamRequestId: null,
  modelAsked: null,
  model: null,
  status: null,
  usage: null,
  cost: null,
  firstByteMs: null,
  sessionId: null,
  agentId: null,
  parentAgentId: null,
  links: null,
}

interface Scene {
  readonly first: ExchangeStore
  readonly second: ExchangeStore
}

function storeCase(name: string, body: (scene: Scene) => Promise<void>): ContractCase<ExchangeStoreHarness> {
  return {
    name,
    async run(harness) {
      const first = await harness.open()
      const second = await harness.open()
      try {
        await body({ first: first.exchanges, second: second.exchanges })
      } finally {
        await second.close()
        await first.close()
      }
    },
  }
}

function newRecord(facts: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    requestId: randomUUID(),
    startedAt: START,
    domain: 'example.com',
    keyId: 'Ab3dEf9h',
    clientAddress: '2001:db8::1',
    method: 'POST',
    path: '/v1/messages',
    upstreamRequestId: 'req_011FAKE',
    modelAsked: 'claude-latest',
    model: 'claude-opus-5-5',
    stream: true,
    status: 200,
    errorType: null,
    stopReason: 'end_turn',
    usage: { input_tokens: 10, output_tokens: 5 },
    cost: {
      microUsd: 12.5,
      priceRow: 'claude-opus-5-5 2026-09-22',
      notional: false,
      incomplete: false,
      estimatedOutputTokens: null,
    },
    firstByteMs: 0.125,
    durationMs: 1234.5,
    requestBytes: 3_000_000_000,
    answerBytes: 1,
    aborted: false,
    broken: false,
    sessionId: 'session',
    agentId: 'agent',
    parentAgentId: 'parent',
    links: {
      history: ['FAKEhistory00001', 'FAKEhistory00000'],
      answers: ['FAKEanswer000000'],
      answerId: 'FAKEmessage00000',
      previousAnswerId: null,
      user: null,
      opening: 'FAKEopening00000',
      tasks: ['FAKEtask00000000', 'FAKEtask00000000'],
      summary: [],
      carried: [],
    },
    content: null,
    ...facts,
  }
}

/** A history of `length` runs, each after its parent: of one message, of two, of one, and so on. */
function history(length: number): HistoryRun[] {
  const runs: HistoryRun[] = []
  for (let i = 0; i < length; i++) {
    runs.push({ id: hex(), parent: runs.at(-1)?.id ?? null, parts: Array.from({ length: 1 + (i % 2) }, hex) })
  }
  return runs
}

/** Content that ends with the last of `runs`, with their parts. */
function newContent(runs: readonly HistoryRun[] = [], text = 'FAKE sealed'): StoredContent {
  return {
    request: bytes(`${text} request`),
    tip: runs.at(-1)?.id ?? null,
    runs,
    parts: runs.flatMap(({ parts }) => parts.map((hash) => ({ hash, sealed: bytes(`${text} ${hash}`) }))),
    references: [],
    answer: Buffer.from([0, 255, 128, 39, 92]),
    truncated: false,
  }
}

function isSame({ requestId }: ExchangeRecord): (other: ExchangeRecord) => boolean {
  return (other) => other.requestId === requestId
}

function bytes(text: string): Buffer {
  return Buffer.from(text)
}

function hex(): string {
  return randomBytes(16).toString('hex')
}

function freshDomain(): string {
  return `d${hex().slice(0, 16)}.example.com`
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

/** The steps of a repricing, added up. */
async function total(steps: AsyncIterable<RepriceReport>): Promise<RepriceReport> {
  const sum = { records: 0, changed: 0, costMicroUsd: 0, notionalMicroUsd: 0 }
  for await (const step of steps) for (const field of keysOf(sum)) sum[field] += step[field]
  return sum
}

function keysOf<T extends object>(value: T): readonly (keyof T)[] {
  return Object.keys(value) as (keyof T)[]
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
