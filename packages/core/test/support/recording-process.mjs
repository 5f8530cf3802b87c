// A process that serves 100 requests a second to itself and records them in a file: argv is the folder, then "serve" or
// "replay". It prints the id of each request that was answered. The store is away as long as the folder has a file "away",
// and answers nothing while there is a file "frozen".
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { allowAnyone, createProxy, memoryStorage, Secret, silentLogger } from '@agent-prompt-train/core'

const [folder, task] = process.argv.slice(2)
const upstream = createServer((request, response) => {
  request.resume().on('end', () => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"type":"message","role":"assistant","content":[]}')
  })
})
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve))
const key = Buffer.from(readFileSync(`${folder}/key`, 'utf8'), 'base64')

const exchanges = {
  async append(records) {
    if (existsSync(`${folder}/frozen`)) return new Promise(() => {})
    if (existsSync(`${folder}/away`)) throw new Error('away')
    appendFileSync(`${folder}/stored`, records.map(({ requestId }) => `${requestId}\n`).join(''))
  },
}
const proxy = createProxy({
  storage: {
    ...memoryStorage({ credentials: { 'a.example': { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } } }),
    exchanges,
  },
  authenticate: allowAnyone('a.example'),
  upstream: `http://127.0.0.1:${upstream.address().port}`,
  record: { keyRing: { current: 'k1', keys: { k1: key } }, spillDir: `${folder}/spill` },
  logger: silentLogger,
})

async function close() {
  clearInterval(timer)
  await proxy.close()
  process.exit(0)
}

const body = JSON.stringify({ model: 'claude-a', messages: [{ role: 'user', content: 'hello' }] })
const timer = setInterval(
  async () => {
    // Not before it has found what was left behind: on a busy machine that takes longer than the first look.
    if (task !== 'serve') return existsSync(`${folder}/stored`) && proxy.health().recorder.spilled === 0 && close()
    const startedAt = performance.now()
    const answer = await proxy.fetch('http://in.process/v1/messages', { method: 'POST', body })
    await answer.text()
    const requestId = answer.headers.get('x-prompt-train-request-id')
    process.stdout.write(`${requestId} ${Date.now()} ${performance.now() - startedAt}\n`)
  },
  task === 'serve' ? 10 : 500,
)
process.on('SIGTERM', close)
