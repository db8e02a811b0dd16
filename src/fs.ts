// `bucketfs/fs`: node:fs on the volume that BUCKETFS_URL names, for import and for require.

export { fs as default, fs as 'module.exports' } from './nodefs/drop-in/drop-in.ts'
export * from './nodefs/drop-in/names.ts'
