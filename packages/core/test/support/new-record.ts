import type { ExchangeRecord } from '../../src/storage/exchange-store.js'

/** A record with what a writer and a spill look at. */
export function newRecord(requestId: string, facts: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    requestId,
    startedAt: Date.now(),
    domain: 'FAKE.example',
    path: '/v1/messages',
    content: null,
    ...facts,
  } as ExchangeRecord
}
