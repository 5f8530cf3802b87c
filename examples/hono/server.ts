import { createProxy, type Identity, memoryStorage, Secret } from '@agent-prompt-train/core'
import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { verify } from 'hono/jwt'

const apiKey = process.env.ANTHROPIC_API_KEY
const jwtSecret = process.env.JWT_SECRET
if (!apiKey || !jwtSecret) {
  console.error('Set ANTHROPIC_API_KEY and JWT_SECRET, as README.md beside this file says.')
  process.exit(1)
}

/** Your own identity instead of client keys: the JWT that your people and services have anyway. */
async function byToken(context: Context): Promise<Identity | null> {
  const token = context.req.header('x-api-key') ?? context.req.header('authorization')?.replace(/^Bearer /i, '')
  const claims = await verify(token ?? '', jwtSecret, 'HS256').catch(() => null)
  return typeof claims?.sub === 'string' ? { domain: 'example.com', keyId: claims.sub } : null
}

const proxy = createProxy({
  storage: memoryStorage({ credentials: { 'example.com': { type: 'api_key', apiKey: new Secret(apiKey) } } }),
  authenticate: ({ hostRequest }) => byToken(hostRequest as Context),
  upstream: process.env.CLAUDE_API_BASE_URL ?? 'https://api.anthropic.com',
})

const app = new Hono()
app.get('/', (c) => c.text('Your own backend. Claude is at /claude.\n'))
app.all('/claude/*', createHonoHandler(proxy))

const server = serve(
  { fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) },
  ({ port }) => {
    console.log(`Set ANTHROPIC_BASE_URL=http://127.0.0.1:${port}/claude in your clients.`)
  },
)

process.once('SIGTERM', async () => {
  await proxy.close()
  server.close()
})
