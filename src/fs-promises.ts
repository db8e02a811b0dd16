// `bucketfs/fs/promises`: node:fs/promises on the volume that BUCKETFS_URL names, for import and for require.

export { promises as default, promises as 'module.exports' } from './nodefs/drop-in/promise-names.ts'
export * from './nodefs/drop-in/promise-names.ts'
