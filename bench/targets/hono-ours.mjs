import { createHonoHandler } from '@agent-prompt-train/hono-adapter'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { listen } from '../child.mjs'
import { proxy } from './ours.mjs'

const app = new Hono().all('*', createHonoHandler(proxy))
listen(createAdaptorServer({ fetch: app.fetch }))
