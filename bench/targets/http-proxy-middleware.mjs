import { Agent, createServer } from 'node:http'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { listen } from '../child.mjs'
import { UPSTREAM_KEY } from '../messages.mjs'
import { UPSTREAM } from './settings.mjs'

const app = express().disable('x-powered-by')
app.use(
  createProxyMiddleware({
    target: UPSTREAM,
    agent: new Agent({ keepAlive: true }),
    headers: { 'x-api-key': UPSTREAM_KEY },
  }),
)
listen(createServer(app))
