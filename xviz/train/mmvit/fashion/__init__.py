"""Fashion-MNIST, a public benchmark of pictures: the model on its fixed split, with one thing changed at a time."""
