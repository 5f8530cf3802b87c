import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'
import { listen } from '../child.mjs'
import { UPSTREAM_KEY } from '../messages.mjs'
import { UPSTREAM } from './settings.mjs'

const app = new Hono().all('*', (c) =>
  proxy(`${UPSTREAM}${c.req.path}`, { ...c.req, headers: { ...c.req.header(), 'x-api-key': UPSTREAM_KEY } }),
)
listen(createAdaptorServer({ fetch: app.fetch }))
