import { library, withZod } from '../../tsup.base.js'

export default library(['src/index.ts', 'src/node.ts', 'src/testing/index.ts', 'src/content/worker.ts'], withZod)
