import { existsSync } from 'node:fs'
import { createProxy, fileCredentialStore } from '@agent-prompt-train/core'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import express from 'express'

const folder = process.env.CREDENTIALS_DIR ?? './credentials'
if (!existsSync(folder)) {
  console.error(
    `There is no folder ${folder}: make a credential and a client key first, as README.md beside this file says.`,
  )
  process.exit(1)
}

const proxy = createProxy({
  credentials: fileCredentialStore(folder),
  upstream: process.env.CLAUDE_API_BASE_URL ?? 'https://api.anthropic.com',
})

const app = express()
// Before body parsers: the proxy forwards the bytes that came, not what a parser made of them.
app.use('/claude', createExpressMiddleware(proxy))
app.use(express.json())
app.get('/', (_req, res) => {
  res.send('Your own backend. Claude is at /claude.\n')
})

const port = Number(process.env.PORT ?? 3000)
const server = app.listen(port, '127.0.0.1', () => {
  console.log(`Set ANTHROPIC_BASE_URL=http://127.0.0.1:${port}/claude in your clients.`)
})

process.once('SIGTERM', async () => {
  await proxy.close()
  server.close()
})
