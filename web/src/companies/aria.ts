// React Aria adds a style element where no element has this id, and the Content-Security-Policy refuses it: styles.css has its rule.
const element = document.createElement("template");
element.id = "react-aria-pressable-style";
document.head.append(element);
