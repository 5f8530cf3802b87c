import { createServer } from 'node:http'
import { listen } from '../child.mjs'
import { forward } from './minimal.mjs'

listen(createServer(forward))
