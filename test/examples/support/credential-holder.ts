// Holds the right to change a credential in the folder of argv until it is told to go on, then tries to store.
import { once } from 'node:events'
import { Secret, StorageError } from '@agent-prompt-train/core'
import { folderStorage } from '../../../examples/custom-storage/folder-storage.js'

const { credentials } = folderStorage(process.argv[2]!)
const late = { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE-late') } as const
try {
  await credentials.update('example.com', async (_current, lease) => {
    process.send!('held')
    await once(process, 'message')
    await lease.save(late)
    return late
  })
  process.send!('stored')
} catch (error) {
  process.send!(error instanceof StorageError ? error.code : 'failed')
}
process.disconnect()
