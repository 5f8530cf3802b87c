import { randomBytes, randomUUID } from 'node:crypto'
import type { ExchangeRecord, StoredContent } from '@agent-prompt-train/core'

/** A record of an exchange that went well, with `facts` of its own. */
export function newRecord(facts: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    requestId: randomUUID(),
    startedAt: Date.now(),
    domain: 'example.com',
    keyId: 'Ab3dEf9h',
    clientAddress: '192.0.2.7',
    method: 'POST',
    path: '/v1/messages',
    upstreamRequestId: null,
    modelAsked: 'claude-opus-5-5',
    model: 'claude-opus-5-5',
    stream: false,
    status: 200,
    errorType: null,
    stopReason: 'end_turn',
    usage: { input_tokens: 7, output_tokens: 3 },
    cost: { microUsd: 1.1, priceRow: 'FAKE', notional: false, incomplete: false, estimatedOutputTokens: null },
    firstByteMs: 10,
    durationMs: 20,
    requestBytes: 100,
    answerBytes: 200,
    aborted: false,
    broken: false,
    sessionId: null,
    agentId: null,
    parentAgentId: null,
    links: null,
    content: null,
    ...facts,
  }
}

/** Content of so many messages, in two runs, that nothing else shares. */
export function newContent(length: number): StoredContent {
  const parts = Array.from({ length }, hex)
  const first = { id: hex(), parent: null, parts: parts.slice(0, 1) }
  const runs = length < 2 ? [first] : [first, { id: hex(), parent: first.id, parts: parts.slice(1) }]
  const sealed = Buffer.from('FAKE sealed')
  return {
    request: sealed,
    tip: runs.at(-1)!.id,
    runs,
    parts: parts.map((hash) => ({ hash, sealed })),
    references: [],
    answer: sealed,
    truncated: false,
  }
}

function hex(): string {
  return randomBytes(16).toString('hex')
}
