// After a build: removes from dist/ what no source makes any more, so that nothing stale is run or published. Done this
// way round, and not by building into an empty folder, because a running program may be using the rest.

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
for (const entry of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const path = join(entry.parentPath, entry.name)
  const source = path.replace(join(root, 'dist'), join(root, 'src')).replace(/(\.d\.ts|\.js|\.js\.map)$/, '.ts')
  if (!existsSync(source)) rmSync(path)
}
