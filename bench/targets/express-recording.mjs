// The same as express-ours, with every exchange recorded in Postgres, bodies and all: masked, sealed, stored once.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createKeyRingKey, createProxy, memoryStorage, Secret } from '@agent-prompt-train/core'
import { createExpressMiddleware } from '@agent-prompt-train/express-adapter'
import { createPostgresStorage, migrate } from '@agent-prompt-train/storage-pg'
import express from 'express'
import { listen } from '../child.mjs'
import { UPSTREAM_KEY } from '../messages.mjs'
import { UPSTREAM } from './settings.mjs'

const connectionString = process.env.DATABASE_URL
if (connectionString === undefined) throw new Error('DATABASE_URL is not set')
const schema = `bench_${randomBytes(4).toString('hex')}`
await migrate({ connectionString, schema })
const { clientKeys, credentials } = memoryStorage({
  clientKeys: [JSON.parse(process.env.CLIENT_KEY_RECORD)],
  credentials: { 'example.com': { type: 'api_key', apiKey: new Secret(UPSTREAM_KEY) } },
})
const proxy = createProxy({
  storage: { clientKeys, credentials, exchanges: createPostgresStorage({ connectionString, schema }).exchanges },
  record: { keyRing: { current: 'k1', keys: { k1: createKeyRingKey() } } },
  upstream: UPSTREAM,
})

const app = express().disable('x-powered-by')
app.use(createExpressMiddleware(proxy))
listen(createServer(app))
