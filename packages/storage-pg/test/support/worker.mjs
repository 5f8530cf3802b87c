// A process of its own on a database: `append` stores batches and ends, `reprice` sets costs a few times and ends, `hold`
// takes a lease until it is told to go on.
import { randomUUID } from 'node:crypto'
import { Secret } from '@agent-prompt-train/core'
import { createPostgresStorage } from '@agent-prompt-train/storage-pg'

const [connectionString, work, value] = process.argv.slice(2)
const storage = createPostgresStorage({ connectionString })

const told = () => new Promise((resolve) => process.once('message', resolve))

async function append(batches) {
  for (let i = 0; i < batches; i++) await storage.exchanges.append(JSON.parse(value).map(withId))
  process.send({ done: true })
}

function withId(record) {
  return { ...record, requestId: randomUUID() }
}

async function reprice(times) {
  const microUsd = Number(value)
  for (let i = 0; i < times; i++) {
    const steps = storage.exchanges.reprice({}, ({ cost }) => ({ ...cost, microUsd: microUsd + i / 8 }))
    for await (const _ of steps);
  }
}

async function hold() {
  try {
    await storage.credentials.update(value, async (_current, lease) => {
      process.send({ held: true })
      await told()
      await lease.save({ type: 'api_key', apiKey: new Secret('sk-FAKE-interim-of-worker') })
      return { type: 'api_key', apiKey: new Secret('sk-FAKE-of-worker') }
    })
    process.send({ stored: true })
  } catch (error) {
    process.send({ code: error.code })
  }
}

const works = { append: () => append(20), reprice: () => reprice(6), hold }
await works[work]()
await storage.close()
process.disconnect()
