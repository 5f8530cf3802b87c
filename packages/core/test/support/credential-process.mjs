// A process that works on a credential folder: node credential-process.mjs <folder> <count|hold> [times]
import { fileCredentialStore, Secret } from '@agent-prompt-train/core'

const [folder, job, times] = process.argv.slice(2)
const DOMAIN = 'example.com'
const store = fileCredentialStore(folder)
const apiKey = (value) => ({ type: 'api_key', apiKey: new Secret(value) })
const say = (text) => process.stdout.write(`${text}\n`)

const jobs = {
  /** Adds one to the number that is kept as the credential; again where the lease was lost, for then nothing was stored. */
  async count() {
    for (let i = 0; i < Number(times); ) {
      try {
        await store.update(DOMAIN, (current) => apiKey(String(Number(current.apiKey.expose()) + 1)))
        i += 1
      } catch (error) {
        if (error.code !== 'lease_lost') throw error
        say('lost')
      }
    }
  },
  /** Takes the lease and keeps it; on a line of input tries to save, and says how that and the update ended. */
  async hold() {
    const updated = store.update(DOMAIN, async (_current, lease) => {
      lease.signal.addEventListener('abort', () => say('aborted'))
      say('holding')
      await new Promise((resolve) => process.stdin.once('data', resolve))
      await lease.save(apiKey('FAKE-late')).then(
        () => say('saved'),
        (error) => say(`save ${error.code}`),
      )
      return apiKey('FAKE-later')
    })
    await updated.then(
      () => say('updated'),
      (error) => say(`update ${error.code}`),
    )
    process.stdin.unref()
  },
}
await jobs[job]()
store.close()
say('done')
