// What exceptions.wat imports.
export const fail = () => {
  throw new Error('thrown by JavaScript');
};
