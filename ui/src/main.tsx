export {}; console.log("x");
