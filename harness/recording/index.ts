export { createRecorder } from './recorder.ts';
export { createStore } from './store.ts';
export { loadRecording } from './loader.ts';
export { readPictures } from './pictures.ts';
