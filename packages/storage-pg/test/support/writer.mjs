// A process that stores the records it is sent, in batches, and ends.
import { once } from 'node:events'
import { createPostgresStorage } from '@agent-prompt-train/storage-pg'

const BATCH = 20

const storage = createPostgresStorage({ connectionString: process.argv[2] })
process.send({ ready: true })
const [records] = await once(process, 'message')
for (let from = 0; from < records.length; from += BATCH)
  await storage.exchanges.append(records.slice(from, from + BATCH))
await storage.close()
process.disconnect()
