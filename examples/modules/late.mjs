export default (isMain) => `loaded late, by the main module: ${isMain}`;
